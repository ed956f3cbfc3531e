//! What a file keeps of the file that it replaces: its mode, and where that is allowed its owner.

use std::fs::{File, Metadata, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};

/// Makes a new file the one that `old` is to the system, before anything stands in it. What is not allowed is left: then
/// the group may do no more than all others may.
pub fn take_over(file: &File, old: &Metadata) {
    let Ok(new) = file.metadata() else { return };
    if new.uid() != old.uid() {
        // Mostly, only the system's own user may give files away.
        let _ = fchown(file, Some(old.uid()), None);
    }
    let is_of_group = new.gid() == old.gid() || fchown(file, None, Some(old.gid())).is_ok();
    let _ = file.set_permissions(Permissions::from_mode(mode(old.mode(), is_of_group)));
}

/// The mode without what marks programs.
const fn mode(old: u32, is_of_group: bool) -> u32 {
    if is_of_group { old & 0o777 } else { old & (0o707 | (old & 0o007) << 3) }
}

#[cfg(test)]
mod tests {
    use super::mode;

    #[test]
    fn another_group_may_do_no_more_than_all_others() {
        for (old, kept, others) in [
            (0o100_640, 0o640, 0o600),
            (0o100_664, 0o664, 0o644),
            (0o106_755, 0o755, 0o755),
            (0o100_600, 0o600, 0o600),
        ] {
            assert_eq!((mode(old, true), mode(old, false)), (kept, others), "{old:o}");
        }
    }
}
