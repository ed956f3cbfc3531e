//! The languages of workbooks. Their words are the locale's matter, not this file's.

/// The language of a workbook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// English.
    EnUs,
    /// Simplified Chinese.
    ZhCn,
}

impl Language {
    /// Every language.
    pub const ALL: [Self; 2] = [Self::EnUs, Self::ZhCn];

    /// The spelling in requests.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::EnUs => "en-us",
            Self::ZhCn => "zh-cn",
        }
    }

    /// The language with this name, in upper or lower case.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.name().eq_ignore_ascii_case(name))
    }

    /// The language that a locale such as `zh_CN.UTF-8` asks for: Chinese for `zh`, else English.
    #[must_use]
    pub fn from_locale(locale: &str) -> Self {
        let zh = locale.get(..2).is_some_and(|l| l.eq_ignore_ascii_case("zh"));
        if zh { Self::ZhCn } else { Self::EnUs }
    }
}
