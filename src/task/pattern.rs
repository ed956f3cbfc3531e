//! The pattern of a task's file names: text with fields in braces, read once and filled for every export.
//!
//! Fields: `{name}`, `{type}`, `{language}`, `{id}`, and the times `{start}`, `{end}` (exclusive, as in the
//! request) and `{last}` (the start of the last slice covered, so that its date is the last day covered). A
//! time may have a format in the manner of strftime, `{start:%Y-%m-%d}`; times are those of the task's
//! zone. `{{` and `}}` are braces, `/` makes folders, in formats too.

use crate::contract::request::ExportSpec;
use crate::error::{Error, Result};
use crate::export::name::safe;
use crate::time::{TimeFormat, Window, Zone};
use crate::visible::{acts, line};
use std::fmt;
use std::path::PathBuf;

/// The pattern of a task that names none.
pub const DEFAULT: &str = "{name}_{type}_{start:%Y-%m-%d}.xlsx";
/// The format of a time that names none: `20260301T000000`.
const TIME: &str = "%Y%m%dT%H%M%S";
/// Longest name of a file or folder, in bytes, that file systems take.
const MAX_NAME: usize = 255;
/// What ends every workbook's name: without it, a workbook below a folder of logs would be read as one.
const ENDING: &str = ".xlsx";
const FIELDS: &str = "{name}, {type}, {language}, {start}, {end}, {last}";

/// A pattern of file names, at least one component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamePattern {
    text: String,
    components: Vec<Vec<NamePiece>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum NamePiece {
    Text(String),
    Name,
    Type,
    Language,
    Time(TimeField, TimeFormat),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TimeField {
    Start,
    End,
    Last,
}

impl NamePattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// If a brace has no partner, a field or the format of a time is unknown, or the pattern leaves its folder, has
    /// characters that file names may not have, or does not end in `.xlsx`.
    pub fn parse(text: &str) -> Result<Self> {
        Self::ending_in(&[ENDING], text)
    }

    /// Reads a pattern of files of any form, with their endings. Only for files that a user asks for, so that none
    /// appears unnoticed below a folder of logs.
    ///
    /// # Errors
    /// See [`NamePattern::parse`].
    pub fn of_any_form(text: &str) -> Result<Self> {
        Self::ending_in(&[ENDING, ".csv", ".csv.gz", ".csv.zst"], text)
    }

    fn ending_in(endings: &[&str], text: &str) -> Result<Self> {
        let mut reader = PatternReader { components: vec![Vec::new()] };
        reader.read(text)?;
        let components = reader.components;
        if components.len() > 1 && components[0].is_empty() {
            return Err(Error::usage("is an absolute path; name folders below the folder of the workbooks"));
        }
        let fixed = components.iter().filter_map(|component| match component.as_slice() {
            [] => Some(""),
            [NamePiece::Text(text)] => Some(text),
            _ => None,
        });
        fixed.map(checked).collect::<Result<Vec<_>>>()?;
        match components.last().and_then(|component| component.last()) {
            Some(NamePiece::Text(end))
                if endings.iter().any(|ending| end.to_ascii_lowercase().ends_with(ending)) =>
            {
                Ok(Self { text: text.into(), components })
            }
            _ => Err(Error::usage(format!("does not end in {}", endings.join(", ")))),
        }
    }

    /// The file of this export, below the folder of the workbooks. The values of fields are made safe for file names
    /// first; if there is no name, the type is used instead.
    ///
    /// # Errors
    /// If a file or folder would have no name, or one that is too long.
    pub fn fill(&self, spec: &ExportSpec) -> Result<PathBuf> {
        let name = |component: &Vec<NamePiece>| {
            let name = component.iter().map(|piece| piece.fill(spec)).collect::<String>();
            checked(&name).map(|()| name)
        };
        self.components.iter().map(name).collect()
    }
}

impl fmt::Display for NamePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl NamePiece {
    fn fill(&self, spec: &ExportSpec) -> String {
        let value = match self {
            Self::Text(text) => return text.clone(),
            Self::Name => {
                let name = spec.name.as_deref().map(safe).filter(|name| !name.is_empty());
                return name.unwrap_or_else(|| spec.kind.name().into());
            }
            Self::Type => spec.kind.name(),
            Self::Language => spec.language.name(),
            Self::Time(moment, format) => &format.show(moment.of(spec), spec.zone),
        };
        safe(value)
    }
}

impl TimeField {
    fn of(self, spec: &ExportSpec) -> i64 {
        match self {
            Self::Start => spec.asked.0,
            Self::End => spec.asked.1,
            // The slices of an export are not empty.
            Self::Last => spec.range.windows().last().map_or(spec.asked.0, Window::start),
        }
    }
}

/// The components of a pattern, as far as it is read.
struct PatternReader {
    components: Vec<Vec<NamePiece>>,
}

impl PatternReader {
    fn read(&mut self, mut rest: &str) -> Result<()> {
        while let Some(at) = rest.find(['{', '}']) {
            self.text(&rest[..at])?;
            let (brace, after) = rest[at..].split_at(1);
            rest = if let Some(after) = after.strip_prefix(brace) {
                self.text(brace)?;
                after
            } else {
                let field = if brace == "{" { after.split_once('}') } else { None };
                let (field, after) = field.filter(|(field, _)| !field.contains('{')).ok_or_else(|| {
                    let which = if brace == "{" { "{ that is not closed" } else { "} that closes nothing" };
                    Error::usage(format!("has a {which}; double a brace to write it as text"))
                })?;
                self.field(field)?;
                after
            };
        }
        self.text(rest)
    }

    /// Text in which `/` begins another component.
    fn text(&mut self, text: &str) -> Result<()> {
        if let Some(c) = text.chars().find(|c| acts(*c) || "<>:\"\\|?*".contains(*c)) {
            return Err(Error::usage(format!(
                "has {c:?}, which is not allowed in names of files and folders"
            )));
        }
        for (n, part) in text.split('/').enumerate() {
            let component = self.component(n > 0);
            match component.last_mut() {
                _ if part.is_empty() => {}
                Some(NamePiece::Text(before)) => before.push_str(part),
                _ => component.push(NamePiece::Text(part.into())),
            }
        }
        Ok(())
    }

    fn field(&mut self, field: &str) -> Result<()> {
        let (name, format) = field.split_once(':').map_or((field, None), |(name, f)| (name, Some(f)));
        let moment = match (name, format) {
            ("start", _) => TimeField::Start,
            ("end", _) => TimeField::End,
            ("last", _) => TimeField::Last,
            (_, None) => return self.value(name),
            (_, Some(_)) => {
                return Err(Error::usage(format!(
                    "has a format in {{{}}}; only {{start}}, {{end}} and {{last}} take one",
                    line(field)
                )));
            }
        };
        for (n, part) in format.unwrap_or(TIME).split('/').enumerate() {
            // Some formats of time end a line, which no name of a file is to do.
            let is_name = |format: &TimeFormat| !part.is_empty() && !format.show(0, Zone::UTC).contains(acts);
            let format = TimeFormat::parse(part).filter(is_name).ok_or_else(|| {
                Error::usage(format!(
                    "has a wrong format of time in {{{}}}; give one like {{{name}:%Y-%m-%d}}",
                    line(field)
                ))
            })?;
            self.component(n > 0).push(NamePiece::Time(moment, format));
        }
        Ok(())
    }

    fn value(&mut self, name: &str) -> Result<()> {
        let piece = match name {
            "name" => NamePiece::Name,
            "type" => NamePiece::Type,
            "language" => NamePiece::Language,
            _ => {
                return Err(Error::usage(format!(
                    "has an unknown field {{{}}}; known are {FIELDS}",
                    line(name)
                )));
            }
        };
        self.component(false).push(piece);
        Ok(())
    }

    fn component(&mut self, new: bool) -> &mut Vec<NamePiece> {
        if new {
            self.components.push(Vec::new());
        }
        self.components.last_mut().expect("a pattern has a component from the start")
    }
}

/// Whether a file or folder may have this name.
fn checked(name: &str) -> Result<()> {
    match name {
        "" => Err(Error::usage("has a file or folder without a name")),
        "." | ".." => Err(Error::usage(format!("has {name:?} as a folder; name folders in full"))),
        _ if name.len() > MAX_NAME => Err(Error::usage(format!(
            "gives a name of {} bytes, more than the {MAX_NAME} that file systems take: {name:?}",
            name.len()
        ))),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::request::{Account, ExportRequest, validate};
    use crate::locale::Language;
    use proptest::prelude::*;
    use std::path::Component;

    fn spec(name: &str) -> ExportSpec {
        let request = ExportRequest {
            start_time: Some("2026-02-28T16:00:00Z".into()),
            end_time: Some("2026-03-31T15:59:59Z".into()),
            kind: Some("vas".into()),
            time_zone: Some("Asia/Shanghai".into()),
            task_name: Some(name.into()),
            ..ExportRequest::default()
        };
        validate(&request, &Account::default(), Language::ZhCn).unwrap()
    }

    fn filled(pattern: &str, spec: &ExportSpec) -> String {
        NamePattern::parse(pattern)
            .and_then(|p| p.fill(spec))
            .map_or_else(|e| e.message(), |path| path.display().to_string())
    }

    #[test]
    fn fields_and_folders() {
        for (pattern, expected) in [
            (DEFAULT, "daily_vas_2026-03-01.xlsx"),
            ("x.xlsx", "x.xlsx"),
            ("{name}_{language}.XLSX", "daily_zh-cn.XLSX"),
            ("{start}-{end}-{last}.xlsx", "20260301T000000-20260331T235959-20260331T235500.xlsx"),
            ("{start:%Y/%m}/{last:%d}/{type}.xlsx", "2026/03/31/vas.xlsx"),
            ("a {start:%H:%M}.xlsx", "a 00_00.xlsx"),
            ("{start:%D}.xlsx", "03_01_26.xlsx"),
            ("{{{name}}}{{name}}.xlsx", "{daily}{name}.xlsx"),
            ("{name}/{name}..xlsx", "daily/daily..xlsx"),
            ("...{name}/.xlsx", "...daily/.xlsx"),
        ] {
            assert_eq!(filled(pattern, &spec("daily")), expected, "{pattern}");
            assert_eq!(NamePattern::parse(pattern).unwrap().to_string(), pattern);
        }
    }

    #[test]
    fn mistakes_show_at_once() {
        for (pattern, expected) in [
            ("", "without a name"),
            ("{name}", ".xlsx"),
            ("{name}.xlsx{type}", ".xlsx"),
            ("{name.xlsx", "not closed"),
            ("{name}}.xlsx", "closes nothing"),
            ("{start:{name}}.xlsx", "not closed"),
            ("{nmae}.xlsx", "{nmae}; known are {name}"),
            ("{}.xlsx", "unknown field {}"),
            ("{name:%Y}.xlsx", "only {start}"),
            ("{start:}.xlsx", "{start:}"),
            ("{start:%}.xlsx", "wrong format of time"),
            ("{start:%n%t}.xlsx", "wrong format of time"),
            ("{end:%Q}.xlsx", "{end:%Y-%m-%d}"),
            ("{end:%Y/}.xlsx", "wrong format of time"),
            ("/{name}.xlsx", "absolute"),
            ("//x.xlsx", "absolute"),
            ("a//{name}.xlsx", "without a name"),
            ("../{name}.xlsx", "\"..\""),
            ("a/../{name}.xlsx", "\"..\""),
            ("./{name}.xlsx", "\".\""),
            ("{name}.xlsx/", "without a name"),
            ("C:/x.xlsx", "':'"),
            ("..\\x.xlsx", "'\\\\'"),
            ("a\n.xlsx", "'\\n'"),
        ] {
            let error = NamePattern::parse(pattern).unwrap_err().to_string();
            assert!(error.contains(expected), "{pattern}: {error}");
        }
    }

    #[test]
    fn what_only_a_value_makes_wrong() {
        let long = "n".repeat(180);
        for (pattern, name, expected) in [
            ("{name}{name}.xlsx", long.as_str(), "365 bytes"),
            ("{name}/x.xlsx", "..", "vas/x.xlsx"),
            ("..{name}/x.xlsx", " . ", "..vas/x.xlsx"),
            ("{name}.xlsx", "../../etc/passwd", "_.._etc_passwd.xlsx"),
        ] {
            let text = filled(pattern, &spec(name));
            assert!(text.contains(expected), "{pattern} of {name}: {text}");
        }
    }

    proptest! {
        #[test]
        fn no_name_leads_out_of_the_folder(
            name in "[./\\\\a:\u{8d26} -]{0,12}",
            pattern in "([./a-]|\\{name\\}|\\{type\\}|\\{start:%Y[/.]%m\\}){0,6}\\.xlsx",
        ) {
            if let Ok(path) = NamePattern::parse(&pattern).and_then(|p| p.fill(&spec(&name))) {
                prop_assert!(path.components().all(|c| matches!(c, Component::Normal(_))), "{}", path.display());
                prop_assert_eq!(path.components().count(), path.to_str().unwrap().split('/').count());
            }
        }
    }
}
