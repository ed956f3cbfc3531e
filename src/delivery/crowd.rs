//! Finds, among very many texts that begin alike, those that another text begins with. A few texts are compared one by
//! one; many are sorted once, so that a text follows directly after its beginning and is found in a few steps.

use super::place::{is_there, origin_of};
use super::read::Contents;
use crate::domain::Domain;
use crate::source::Origin;
use crate::store::{Place, SharedBeginning, SourceId};
use std::cmp::Ordering;
use std::collections::HashMap;

/// Sources that begin alike and are looked at one by one.
pub(super) const FEW: usize = 16;

/// Texts that begin alike.
#[derive(Default)]
pub(super) struct Crowd {
    /// In the order of their texts.
    pub(super) sorted: Vec<CrowdMember>,
    /// Those that came since, became longer, or stand at another place.
    pub(super) fresh: Vec<SourceId>,
}

/// A text with a place where it stands.
pub(super) struct CrowdMember {
    pub(super) id: SourceId,
    pub(super) place: Place,
    /// The domain that its lines with only a path are read for.
    pub(super) read_for: Option<Domain>,
}

/// Every crowd that was met, by what its texts have in common.
pub(super) type Crowds = HashMap<SharedBeginning, Crowd>;

impl Crowd {
    /// How many of its texts come before that of a file. What does not stand any more as it was read is taken out.
    pub(super) fn before(&mut self, origin: &Origin, contents: Contents<'_>) -> usize {
        let (mut from, mut to) = (0, self.sorted.len());
        while from < to {
            let middle = from.midpoint(to);
            let place = &self.sorted[middle].place;
            let order = || contents.order(&origin_of(place), origin);
            let found = is_there(place, contents.origins).then(order).flatten();
            match found {
                Some(Ordering::Less) => from = middle + 1,
                Some(_) => to = middle,
                None => {
                    self.sorted.remove(middle);
                    to -= 1;
                }
            }
        }
        from
    }

    pub(super) fn add(&mut self, member: CrowdMember, contents: Contents<'_>) {
        let at = self.before(&origin_of(&member.place), contents);
        self.sorted.insert(at, member);
    }
}
