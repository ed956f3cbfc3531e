//! The billing regions. Which one a line belongs to is the source's matter, not this file's.

/// A billing region of the CDN, or [`Region::Unspecified`] where the logs do not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Region {
    /// The log has no region field and the user named none.
    #[default]
    Unspecified,
    /// Mainland China.
    Cn,
    /// North America.
    Na,
    /// Europe.
    Eu,
    /// Asia Pacific 1.
    Ap1,
    /// Asia Pacific 2.
    Ap2,
    /// Asia Pacific 3.
    Ap3,
    /// Middle East and Africa.
    Meaa,
    /// South America.
    Sa,
}

impl Region {
    /// Every region, in the order in which rows are sorted.
    pub const ALL: [Self; 9] = [
        Self::Unspecified,
        Self::Cn,
        Self::Na,
        Self::Eu,
        Self::Ap1,
        Self::Ap2,
        Self::Ap3,
        Self::Meaa,
        Self::Sa,
    ];

    /// The code used in the workbook and on the command line; `None` for [`Region::Unspecified`],
    /// which has a word of its own in each language.
    #[must_use]
    pub const fn code(self) -> Option<&'static str> {
        match self {
            Self::Unspecified => None,
            Self::Cn => Some("CN"),
            Self::Na => Some("NA"),
            Self::Eu => Some("EU"),
            Self::Ap1 => Some("AP1"),
            Self::Ap2 => Some("AP2"),
            Self::Ap3 => Some("AP3"),
            Self::Meaa => Some("MEAA"),
            Self::Sa => Some("SA"),
        }
    }

    /// The region with this code, in upper or lower case.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|r| r.code().is_some_and(|c| c.eq_ignore_ascii_case(code)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_round_trip_and_order_follows_all() {
        for region in Region::ALL.into_iter().skip(1) {
            assert_eq!(Region::from_code(&region.code().unwrap().to_lowercase()), Some(region));
        }
        assert!(Region::ALL.is_sorted());
        assert_eq!(Region::from_code("unspecified"), None);
    }
}
