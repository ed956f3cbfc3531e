//! One line after the other, good or dirty, and what each of them says.
//!
//! A request is drawn first and written down afterwards; a dirty line is a good one that was damaged.
//! Knows nothing of files.

use super::Recipe;
use super::line::Line;
use super::plan::{HOUR, TrialPlan, kinds};
use super::random::Rng;
use super::request::{Fact, OF_LINES, Popularity, Site, TrialRequest};
use super::tally::LATE;

/// What a line says.
pub(super) enum Said {
    /// A request.
    Counts(Fact),
    /// Nothing that could be read.
    Nothing,
    /// Nothing, being empty.
    Blank,
}

/// Makes up the lines of one file.
pub(super) struct Composer<'a> {
    site: Site<'a>,
    dirty: f64,
    rng: Rng,
    line: Line,
}

impl<'a> Composer<'a> {
    /// The lines of a file depend on the recipe, the domain and the hour, and on nothing else: any thread
    /// can write any file.
    pub(super) fn new(
        recipe: &Recipe,
        plan: &TrialPlan,
        popularity: &'a Popularity,
        domain: usize,
        hour: usize,
    ) -> Self {
        let (seed, kinds) = (recipe.seed, kinds(domain));
        let line = Line::new(plan.name(domain), plan.start(hour));
        let site = Site { seed, domain: domain as u64, kinds, popularity };
        let rng = Rng::seeded(&[OF_LINES, seed, site.domain, hour as u64]);
        Self { site, dirty: recipe.dirty, rng, line }
    }

    /// Composes line `at` of `lines`.
    #[inline]
    pub(super) fn compose(&mut self, at: u64, lines: u64) -> Said {
        let second = self.second(at, lines);
        let dirty = self.rng.unit() < self.dirty;
        let request = TrialRequest::draw(&mut self.rng, &self.site, second, !dirty);
        self.line.write(&request, &mut self.rng);
        let said = if dirty { self.line.spoil(&mut self.rng, at == 0) } else { Said::Counts(request.fact()) };
        self.line.text.push(b'\n');
        said
    }

    /// The line that was composed last, with its line end.
    pub(super) fn line(&self) -> &[u8] {
        &self.line.text
    }

    /// When the request of line `at` ended: nearly in order over the hour, with a few seconds of disorder,
    /// and now and then some minutes before the hour, as edges hand in lines late.
    fn second(&mut self, at: u64, lines: u64) -> i64 {
        const SECONDS: u64 = HOUR.unsigned_abs();
        if self.rng.chance(20) {
            return -1 - self.rng.below(LATE.unsigned_abs()).cast_signed();
        }
        let disorder = self.rng.below(SECONDS / lines + 3);
        (at * SECONDS / lines + disorder).min(SECONDS - 1).cast_signed()
    }
}
