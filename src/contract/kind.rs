//! The two kinds of export: `Type` of a request.

/// What to export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Traffic and bandwidth.
    Flow,
    /// Request counts.
    Vas,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 2] = [Self::Flow, Self::Vas];

    /// The spelling in requests.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Flow => "flow",
            Self::Vas => "vas",
        }
    }

    /// The kind of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}
