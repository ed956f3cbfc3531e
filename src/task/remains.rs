//! What becomes of the workbook of a task that is deleted: it is removed if it is provably the task's, and no other file is.

use super::own::{Own, Proof, own};
use crate::error::Result;
use crate::output::paths::real;
use crate::store::{Registered, TaskId, Tasks};
use std::io::ErrorKind::NotFound;

/// What became of the workbook of a task that was deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remains {
    /// There was none, or it was gone already.
    Nothing,
    /// It was removed.
    Removed,
    /// A file is still there; the text says why.
    LeftAlone(String),
}

const NOT_AS_MADE: &str = "it was changed since the task made it";

/// Deletes a task, and the workbook that it made; where a file is left alone, the task stays if it is to be kept with that.
/// Nothing where there is no task.
///
/// The file is proved without keeping others from the store. Then comes the mark that the task has no workbook any more,
/// then the file goes, then the task. So, whenever this is broken off, no task has a workbook that is not there; and as the
/// mark holds the hash of the file, it is still known as the task's, and goes with it the next time. The other way round,
/// with the task gone first, nobody would know the file, and a new workbook could not take its place.
pub(super) fn delete(tasks: &mut Tasks, id: TaskId, keeps_with_file: bool) -> Result<Option<Remains>> {
    let Some(task) = tasks.get(id)? else { return Ok(None) };
    let remains = match prove(&task) {
        Proved::Nothing => Remains::Nothing,
        Proved::Other(why) => Remains::LeftAlone(why),
        Proved::Own(file) if !tasks.give_up_workbook(&task, &file.hash)? => {
            Remains::LeftAlone("another process changed the task meanwhile".into())
        }
        Proved::Own(file) => match file.remove() {
            Ok(()) => Remains::Removed,
            Err(error) => {
                tasks.keep_workbook(&task)?;
                Remains::LeftAlone(error.to_string())
            }
        },
    };
    let is_kept = keeps_with_file && matches!(remains, Remains::LeftAlone(_));
    if !is_kept {
        tasks.delete(id)?;
    }
    Ok(Some(remains))
}

/// What would become of the workbook of a task.
pub(super) fn foretell(task: &Registered) -> Remains {
    match prove(task) {
        Proved::Nothing => Remains::Nothing,
        Proved::Own(_) => Remains::Removed,
        Proved::Other(why) => Remains::LeftAlone(why),
    }
}

/// What stands at the output of a task.
enum Proved {
    Nothing,
    /// The workbook that it made.
    Own(Own),
    /// Something that is not known to be the task's, and why.
    Other(String),
}

fn prove(task: &Registered) -> Proved {
    let proof = Proof { made: task.workbook, digest: task.digest, sealed: task.sealed };
    if proof.made.is_none() && proof.sealed.is_none() {
        return Proved::Nothing;
    }
    match real(&task.order.output) {
        Err(error) if error.kind() == NotFound => Proved::Nothing,
        Err(error) => Proved::Other(error.to_string()),
        Ok(place) => own(&place, &proof).map_or_else(|| Proved::Other(NOT_AS_MADE.into()), Proved::Own),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::hash;
    use crate::domain::{DomainSet, Selection};
    use crate::output::Spot;
    use crate::region::Region;
    use crate::store::{End, Logged, Made, Order};
    use crate::task::own::workbook_at;
    use crate::time::TimeRange;
    use std::collections::BTreeMap;
    use std::fs;
    use std::path::Path;
    use std::time::Duration;

    /// A task that made a file.
    fn made(dir: &Path) -> (Tasks, TaskId) {
        let mut tasks = Tasks::open_or_make(&dir.join("u.db"), Duration::from_secs(5), "test").unwrap();
        let order = Order {
            name: None,
            parameters: BTreeMap::new(),
            asked: (300, 600),
            range: TimeRange::covering(300, 600).unwrap(),
            selection: Selection { account: DomainSet::all(), wanted: DomainSet::all() },
            language: crate::locale::Language::EnUs,
            region: Region::default(),
            output: dir.join("a.csv"),
            plan: None,
        };
        let id = tasks.create(&order, 1, Spot::of).unwrap().unwrap();
        fs::write(&order.output, "made").unwrap();
        let workbook = workbook_at(&order.output).unwrap();
        let (digest, logged, hours) = (Some(hash(b"made")), Logged::default(), BTreeMap::new());
        let made = Made { generation: 1, workbook, digest, logged, hours };
        assert!(tasks.finish(id, &End::Success(made), 1).unwrap());
        (tasks, id)
    }

    #[test]
    fn a_removal_that_was_broken_off_is_completed_by_the_next_one() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a.csv");
        let (mut tasks, id) = made(dir.path());
        let task = tasks.get(id).unwrap().unwrap();
        assert!(tasks.give_up_workbook(&task, &hash(b"made")).unwrap());
        // The file stands there, and no task has a workbook; it goes with its task all the same.
        assert_eq!(tasks.get(id).unwrap().unwrap().workbook, None);
        assert_eq!(delete(&mut tasks, id, true).unwrap(), Some(Remains::Removed));
        assert!(!file.exists() && tasks.get(id).unwrap().is_none());
        // Or the file was gone already.
        let (mut tasks, id) = made(dir.path());
        let task = tasks.get(id).unwrap().unwrap();
        assert!(tasks.give_up_workbook(&task, &hash(b"made")).unwrap());
        fs::remove_file(&file).unwrap();
        assert_eq!(delete(&mut tasks, id, true).unwrap(), Some(Remains::Nothing));
        assert_eq!(delete(&mut tasks, id, true).unwrap(), None);
    }

    #[test]
    fn what_came_to_stand_there_meanwhile_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a.csv");
        let (mut tasks, id) = made(dir.path());
        let Proved::Own(own) = prove(&tasks.get(id).unwrap().unwrap()) else { panic!("not its own") };
        fs::remove_file(&file).unwrap();
        fs::write(&file, "others").unwrap();
        assert!(own.remove().is_err() && file.exists());
        let why = Remains::LeftAlone(NOT_AS_MADE.into());
        assert_eq!(delete(&mut tasks, id, true).unwrap(), Some(why.clone()));
        assert!(tasks.get(id).unwrap().is_some(), "it stays with the file");
        assert_eq!(delete(&mut tasks, id, false).unwrap(), Some(why));
        assert!(tasks.get(id).unwrap().is_none() && file.exists());
    }
}
