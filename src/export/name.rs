//! The file name of a workbook that was given none: safe on every file system.

use crate::contract::request::ExportSpec;
use crate::time::TimeFormat;
use crate::visible::acts;

/// Longest name before the times, in bytes: the whole stays under the 255 that file systems allow.
const MAX_STEM: usize = 180;
/// Names that some systems keep for devices, whatever the extension.
const DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];

/// `<task name or type>_<start>_<end>.xlsx`, times in the report's zone: `20260301T000000+0800`, or `Z` in UTC.
#[must_use]
pub fn file_name(spec: &ExportSpec) -> String {
    let stem = spec.name.as_deref().map(safe).filter(|name| !name.is_empty());
    let stem = stem.unwrap_or_else(|| spec.kind.name().to_owned());
    let time = |unix: i64| {
        let format = if spec.zone.offset_at(unix) == 0 { "%Y%m%dT%H%M%SZ" } else { "%Y%m%dT%H%M%S%z" };
        TimeFormat::parse(format).map(|format| format.show(unix, spec.zone)).unwrap_or_default()
    };
    format!("{stem}_{}_{}.xlsx", time(spec.asked.0), time(spec.asked.1))
}

/// The name without what a file system refuses or a shell trips over; at most 180 bytes, empty where nothing is
/// left.
pub(crate) fn safe(name: &str) -> String {
    let allowed = |c: char| if acts(c) || "<>:\"/\\|?*".contains(c) { '_' } else { c };
    let name: String = name.chars().map(allowed).collect();
    let end = (0..=name.len().min(MAX_STEM)).rev().find(|end| name.is_char_boundary(*end)).unwrap_or(0);
    let name = name[..end].trim_matches([' ', '.']);
    if is_device(name) || name.starts_with('-') { format!("_{name}") } else { name.to_owned() }
}

fn is_device(name: &str) -> bool {
    let base = name.split('.').next().unwrap_or_default().trim_end().to_ascii_lowercase();
    let port = |kind| base.strip_prefix(kind).is_some_and(|n| matches!(n.as_bytes(), [b'0'..=b'9']));
    DEVICES.contains(&base.as_str()) || port("com") || port("lpt")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_safe() {
        for (name, expected) in [
            ("March invoice", "March invoice"),
            ("../../etc/passwd", "_.._etc_passwd"),
            ("a:b*c?\n", "a_b_c__"),
            ("NUL", "_NUL"),
            ("com7.march", "_com7.march"),
            ("contract", "contract"),
            ("-rf", "_-rf"),
            (".hidden.", "hidden"),
            (" .. ", ""),
            ("in\u{202e}cod.exe", "in_cod.exe"),
            ("\u{8d26}\u{5355}", "\u{8d26}\u{5355}"),
        ] {
            assert_eq!(safe(name), expected);
        }
        assert_eq!(safe(&"\u{8d26}".repeat(85)).len(), 180);
    }
}
