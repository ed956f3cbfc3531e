//! The domain and hours that names give to a text: the best of all its names, including those of its beginnings.
//!
//! A beginning is stored with the places of one source, but other logs may begin with it, too. So that its name also
//! serves those, in any order of arrival, the name is noted under the hash of the text's own beginning.

use super::decide::rank;
use super::place::{as_path, is_nowhere, is_there, origin_of};
use super::work::Work;
use crate::digest::Hash;
use crate::error::Result;
use crate::ingest::Taken;
use crate::ingest::resume::Beginning;
use crate::names::{is_domain, may_be_one, may_tell, named_hours, tells_of};
use crate::report::NamedHours;
use crate::source::{Origin, Source};
use crate::store::{Known, NAMED, Place, SourceId};
use std::path::{Path, PathBuf};

impl Work<'_> {
    /// What the name of one of the texts that a text grew from tells, if that is better than what its own tells and
    /// that one still stands.
    pub(super) fn told_better(&mut self, shorter: &[Known], taken: &Taken) -> Result<Option<NamedHours>> {
        if self.is_read_once(&taken.source) {
            return Ok(None);
        }
        let own = taken.source.path().and_then(told_at);
        let mut best = taken.source.named.as_ref();
        for known in shorter {
            let of = taken.text.outside.as_ref();
            let is_better = |hours: &&NamedHours| {
                hours.rank() > rank(best) && may_tell(own.as_ref(), hours) && tells_of(&hours.domain, of)
            };
            if let Some(hours) = known.hours.as_ref().filter(is_better)
                && may_be_one(known.read_for(), of)
            {
                best = Some(hours);
            }
        }
        // The longest text that it grew from says whose it is, where its own name does not.
        let grown_from = best.filter(|_| shorter.iter().any(|known| known.hours.as_ref() == best));
        let own = own.filter(|own| is_domain(&own.domain)).or(grown_from.cloned());
        let best = self.told_by_beginnings(taken, own.as_ref(), best.cloned())?;
        Ok(best.filter(|best| taken.source.named.as_ref() != Some(best)))
    }

    /// What the name tells that is preferred among those of a source that still stand. Better ones that are gone are
    /// forgotten.
    fn trim_names(&mut self, id: SourceId) -> Result<Option<NamedHours>> {
        while let Some(path) = self.writer.telling(id)? {
            let origin = Origin::File(as_path(&path));
            if self.is_file(&origin) {
                return Ok(origin.path().and_then(told_at));
            }
            self.drop_all_gone(id, b"")?;
        }
        Ok(None)
    }

    /// What the best of the names of a source tells that is offered at a place once more. What can be read only once
    /// tells nothing, and stays as it was read.
    pub(super) fn told(&mut self, id: SourceId, taken: &Taken, place: &Place) -> Result<Option<NamedHours>> {
        if is_nowhere(place) {
            return Ok(self.writer.known(id)?.hours);
        }
        let offered = || taken.source.named.clone().filter(|_| place.is_named > 0);
        let (best, own) = (self.trim_names(id)?.or_else(offered), self.own_name(id)?.or_else(offered));
        // What was counted for a domain stays there, though only copies are left whose names tell less.
        let before = self.writer.known(id)?.hours.filter(|before| rank(Some(before)) > rank(best.as_ref()));
        // And is not told anew by the name of a beginning that is of another domain.
        let own = own.filter(|own| is_domain(&own.domain)).or_else(|| before.clone());
        let told = self.told_by_beginnings(taken, own.as_ref(), before.clone().or_else(|| best.clone()));
        match self.changed.take() {
            // What was read is in the store by now, as it was; what the file is since then is read next time.
            Some(_) => Ok(before.or(best)),
            None => told,
        }
    }

    /// What the best name tells of a place where all of a source stood.
    fn own_name(&mut self, id: SourceId) -> Result<Option<NamedHours>> {
        Ok(self.writer.own_name(id)?.and_then(|path| told_at(&as_path(&path))))
    }

    /// What the name of a beginning of a text tells that stands where it belongs to another one, if that is better than the
    /// best one and may tell of a text whose own name is `own`.
    fn told_by_beginnings(
        &mut self,
        taken: &Taken,
        own: Option<&NamedHours>,
        mut best: Option<NamedHours>,
    ) -> Result<Option<NamedHours>> {
        let paths: Vec<_> =
            self.writer.named_beginnings(&taken.text)?.iter().map(|path| as_path(path)).collect();
        let longest = self.longest_named(taken, own, &paths)?;
        let own = longest.as_ref().or(own);
        for path in paths {
            let is_better = |hours: &NamedHours| hours.rank() > rank(best.as_ref()) && may_tell(own, hours);
            let hours = told_at(&path).filter(is_better);
            // A name of another domain says nothing of lines that take theirs from outside.
            let hours = hours.filter(|hours| tells_of(&hours.domain, taken.text.outside.as_ref()));
            if hours.is_some()
                && let Some(beginning) = self.contents().as_beginning(&Origin::File(path))
                && self.begins_with(taken, &beginning, None)?
            {
                best = hours;
            }
        }
        Ok(best)
    }

    /// What the name of the longest beginning tells, where no name of its own tells the domain of a text, and those of its
    /// beginnings tell several.
    fn longest_named(
        &mut self,
        taken: &Taken,
        own: Option<&NamedHours>,
        paths: &[PathBuf],
    ) -> Result<Option<NamedHours>> {
        if own.is_some_and(|own| is_domain(&own.domain)) {
            return Ok(None);
        }
        let told = |path: &PathBuf| {
            let hours = told_at(path).filter(|hours| is_domain(&hours.domain))?;
            tells_of(&hours.domain, taken.text.outside.as_ref()).then(|| (path.clone(), hours))
        };
        let named: Vec<_> = paths.iter().filter_map(told).collect();
        let is_of_first =
            |(_, hours): &(_, NamedHours)| may_be_one(Some(&hours.domain), Some(&named[0].1.domain));
        if named.iter().all(is_of_first) {
            return Ok(None);
        }
        let mut longest = None;
        for (path, hours) in named {
            let Some(beginning) = self.contents().as_beginning(&Origin::File(path)) else { continue };
            let found = (beginning.len, hours.rank());
            if longest.as_ref().is_none_or(|(known, _)| found > *known)
                && self.begins_with(taken, &beginning, None)?
            {
                longest = Some((found, hours));
            }
        }
        Ok(longest.map(|(_, hours)| hours))
    }

    /// Lets the name of a beginning tell of all texts that begin with it: those of which less is told are read once more.
    pub(super) fn tell_longer(&mut self, id: SourceId, taken: &Taken, place: &Place) -> Result<()> {
        if place.is_named == 0 {
            return Ok(());
        }
        self.note_name(&place.path, taken.text.head(), id)?;
        let it = Beginning {
            len: taken.text.len,
            whole: taken.text.whole,
            open: taken.text.open,
            is_damaged: taken.report.fault.is_some(),
            outside: taken.text.outside.clone(),
        };
        let mut longer = self.maybe_longer(taken)?;
        longer.retain(|other| *other != id);
        for (at, longer) in [id].into_iter().chain(longer).enumerate() {
            let known = self.writer.known(longer)?;
            let of = known.outside.as_ref().map(|(_, domain)| domain);
            let is_told = rank(known.hours.as_ref()) >= rank(taken.source.named.as_ref());
            if is_told || !may_be_one(of, taken.read_for()) {
                continue;
            }
            let own = self.own_name(longer)?;
            let tells = |hours: &NamedHours| may_tell(own.as_ref(), hours) && tells_of(&hours.domain, of);
            if !taken.source.named.as_ref().is_none_or(tells) {
                continue;
            }
            let Some(stands) = self.somewhere(longer, &place.path)? else { continue };
            let origin = origin_of(&stands);
            let begins_with_it = || self.contents().begins_with(&origin, &it);
            let begins = || begins_with_it() && is_there(&stands, self.intake.origins);
            if at == 0 || begins() {
                let named = taken.source.named.clone();
                self.uncovered.push(Source { named, ..self.to_read_again(&stands, &known) });
            }
        }
        Ok(())
    }

    /// Notes the names of a text that becomes the beginning of another one.
    pub(super) fn note_names(&mut self, known: &Known, longer: SourceId) -> Result<()> {
        for place in self.writer.places(known.id)? {
            if !is_nowhere(&place) && !place.is_beginning && told_at(&as_path(&place.path)).is_some() {
                self.note_name(&place.path, known.head, longer)?;
            }
        }
        Ok(())
    }

    fn note_name(&mut self, path: &[u8], head: Option<Hash>, longer: SourceId) -> Result<()> {
        let Some(head) = head else { return Ok(()) };
        let note = Place {
            path: [NAMED, &head, path].concat(),
            name: String::new(),
            sort: Vec::new(),
            size: None,
            modified: None,
            is_named: 0,
            is_beginning: true,
            file: None,
        };
        self.writer.set_place(longer, &note)
    }
}

/// What the name of a file tells that stands there.
fn told_at(path: &Path) -> Option<NamedHours> {
    path.file_name().and_then(|name| name.to_str()).and_then(named_hours)
}
