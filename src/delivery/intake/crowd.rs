//! Very many texts that begin alike, as logs do whose first lines are the same: which of them another text begins. Where
//! they are few, each is looked at; where they are many, they are put in order once, in which what a text begins stands
//! right behind it, and is found in a few steps.

use super::Work;
use crate::delivery::place::{is_there, origin_of};
use crate::digest::TextId;
use crate::domain::Domain;
use crate::error::Result;
use crate::ingest::Taken;
use crate::ingest::resume::order;
use crate::names::may_be_one;
use crate::source::{Origins, Site};
use crate::store::{Place, SharedBeginning, SourceId};
use std::cmp::Ordering;
use std::collections::HashMap;

/// Sources that begin alike and are looked at one by one.
const FEW: usize = 16;

/// Texts that begin alike.
#[derive(Default)]
pub(super) struct Crowd {
    /// In the order of their texts.
    sorted: Vec<Member>,
    /// Those that came since, became longer, or stand at another place.
    fresh: Vec<SourceId>,
}

/// A text with a place where it stands.
struct Member {
    id: SourceId,
    place: Place,
    /// The domain that its lines with only a path are read for.
    read_for: Option<Domain>,
}

/// Every crowd that was met, by what its texts have in common.
pub(super) type Crowds = HashMap<SharedBeginning, Crowd>;

impl Crowd {
    /// How many of its texts come before that of a file. What does not stand any more as it was read is taken out.
    fn before(&mut self, site: Site<'_>) -> usize {
        let (mut from, mut to) = (0, self.sorted.len());
        while from < to {
            let middle = from.midpoint(to);
            let place = &self.sorted[middle].place;
            let (origins, origin) = (site.origins, &origin_of(place));
            let order = || order(Site { origins, origin }, site).ok().map(|(order, _)| order);
            let found = is_there(place, origins).then(order).flatten();
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

    fn add(&mut self, member: Member, origins: &dyn Origins) {
        let at = self.before(Site { origins, origin: &origin_of(&member.place) });
        self.sorted.insert(at, member);
    }
}

impl Work<'_> {
    /// Sources that a text that was read may be the beginning of: all that begin as it does, but of very many only those
    /// that come right behind it.
    pub(super) fn maybe_longer(&mut self, taken: &Taken) -> Result<Vec<SourceId>> {
        let text = &taken.text;
        if let Some(few) = self.writer.maybe_longer(text, FEW)? {
            return Ok(few);
        }
        let site = self.site(&taken.source.origin);
        let Some(kin) = SharedBeginning::of(text).filter(|_| site.open().is_ok()) else {
            // What can be read only once is compared with each.
            return Ok(self.writer.maybe_longer(text, usize::MAX)?.unwrap_or_default());
        };
        let mut found = match kin {
            SharedBeginning::First(_) => self.writer.with_older_beginning(text)?,
            SharedBeginning::Head(_) => Vec::new(),
        };
        let crowd = self.crowd(kin)?;
        let at = crowd.before(site);
        // What a text begins takes its domain from outside if the text does.
        let may_begin = |longer: &&Member| may_be_one(longer.read_for.as_ref(), taken.text.outside.as_ref());
        found.extend(crowd.sorted[at..].iter().filter(may_begin).take(FEW).map(|longer| longer.id));
        Ok(found)
    }

    /// The crowd of a kin, with what came since.
    fn crowd(&mut self, kin: SharedBeginning) -> Result<&mut Crowd> {
        let mut crowd = match self.crowds.remove(&kin) {
            Some(crowd) => crowd,
            None => Crowd { fresh: self.writer.with_beginning(&kin)?, ..Crowd::default() },
        };
        for id in std::mem::take(&mut crowd.fresh) {
            crowd.sorted.retain(|other| other.id != id);
            // What stands nowhere cannot be compared.
            let origins = self.intake.origins;
            let is_readable = |place: &Place| Site { origins, origin: &origin_of(place) }.open().is_ok();
            if let Some(place) = self.somewhere(id, b"")?.filter(is_readable) {
                let read_for = self.writer.known(id)?.read_for().cloned();
                crowd.add(Member { id, place, read_for }, self.intake.origins);
            }
        }
        Ok(self.crowds.entry(kin).or_insert(crowd))
    }

    /// Takes note of a text that was settled, be it that it is new or that it stands at another place now.
    pub(super) fn join_crowds(&mut self, text: &TextId) -> Result<()> {
        let kins = [text.whole_head().map(SharedBeginning::Head), text.first().map(SharedBeginning::First)];
        let kins: Vec<SharedBeginning> =
            kins.into_iter().flatten().filter(|kin| self.crowds.contains_key(kin)).collect();
        if kins.is_empty() {
            return Ok(());
        }
        let Some(id) = self.writer.with_text(text)? else { return Ok(()) };
        for kin in kins {
            self.crowds.entry(kin).or_default().fresh.push(id);
        }
        Ok(())
    }
}
