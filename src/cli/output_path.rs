//! The file that a command writes: named as it is, by a folder, or by a pattern.

use crate::contract::request::ExportSpec;
use crate::error::{Error, Result};
use crate::export::name::file_name;
use crate::output::{folder, is_below, make_folder};
use crate::task::pattern::NamePattern;
use std::path::{Component, Path, PathBuf};

/// The file asked for: in a folder, the file of the usual name; of a pattern, what it gives for this export. A folder that
/// these name is made.
pub(super) fn asked_for(output: Option<&Path>, spec: &ExportSpec) -> Result<PathBuf> {
    let Some(path) = output else { return Ok(file_name(spec).into()) };
    let file = if let Some((folder, pattern)) = pattern(path) {
        below(folder, Some(pattern), spec)?
    } else if path.is_dir() || is_named_as_folder(path) {
        path.join(file_name(spec))
    } else {
        return Ok(path.into());
    };
    make_folder(folder(&file))?;
    Ok(file)
}

/// Whether a path can only be that of a folder.
pub(super) fn is_named_as_folder(path: &Path) -> bool {
    path.as_os_str().as_encoded_bytes().ends_with(b"/")
}

/// The pattern of a file's name, with fields in braces, behind the folder that it stands in.
pub(super) fn pattern(path: &Path) -> Option<(&Path, &str)> {
    let text = path.to_str()?;
    let brace = text.find(['{', '}'])?;
    let (folder, pattern) = text.split_at(text[..brace].rfind('/').map_or(0, |slash| slash + 1));
    Some((Path::new(if folder.is_empty() { "." } else { folder }), pattern))
}

/// The file of a task: of the usual name in `folder`, or what is said to stand there: a file, a folder, or a pattern of
/// names with fields in braces, as in a configuration.
pub(super) fn below(folder: &Path, said: Option<&str>, spec: &ExportSpec) -> Result<PathBuf> {
    let Some(said) = said else { return Ok(folder.join(file_name(spec))) };
    if said.contains(['{', '}']) {
        let wrong = |e: &Error| Error::usage(format!("output is {said:?}; it {}", e.message()));
        let file =
            NamePattern::of_any_form(said).and_then(|pattern| pattern.fill(spec)).map_err(|e| wrong(&e))?;
        return Ok(folder.join(file));
    }
    let path = folder.join(said);
    // An absolute path is meant to be where it says, and so is a link.
    let goes_back = || Path::new(said).components().any(|part| part == Component::ParentDir);
    if !Path::new(said).is_absolute() && goes_back() && !is_below(&path, folder) {
        let text = format!(
            "output is {said:?}, which leaves the folder of the workbooks with ..; name a file below it, or write the \
             whole path"
        );
        return Err(Error::usage(text));
    }
    Ok(if path.is_dir() || said.ends_with('/') { path.join(file_name(spec)) } else { path })
}
