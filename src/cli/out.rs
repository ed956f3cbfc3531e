//! Standard output and standard error: nothing that others wrote acts on a terminal. The only file that writes there,
//! rows of CSV and the progress bar apart.

use crate::error::{Error, Result};
use crate::output::standard_output;
use crate::visible::{self, acts};
use log::{LevelFilter, Log, Metadata, Record};
use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::Formatter;
use std::io::{self, BufWriter, Write};
use std::time::Instant;

/// A message on standard error, on one line.
pub(super) fn message(text: &str) {
    aside(&format!("flowbook: {}", visible::value(text)));
}

/// A message on standard error that has lines of its own below the first, which begin with two spaces. What others wrote
/// is made visible before it is put into one.
pub(super) fn explain(text: &str) {
    aside(&format!("flowbook: {}", visible::lines(text)));
}

/// Messages on standard error.
pub(super) fn messages(texts: &[String]) {
    for text in texts {
        message(text);
    }
}

/// Lines on standard error that are no message.
pub(super) fn beside(lines: &[String]) {
    for line in lines {
        aside(&visible::line(line));
    }
}

/// Written at once, so that what several threads tell stays apart.
fn aside(text: &str) {
    // There is nobody left to tell when this fails.
    let _ = io::stderr().write_all(format!("{text}\n").as_bytes());
}

/// Writes events to standard error: one on a line, behind the seconds since the program began.
struct Events(Instant);

impl Log for Events {
    fn enabled(&self, event: &Metadata<'_>) -> bool {
        event.target().split("::").next() == Some(env!("CARGO_CRATE_NAME"))
    }

    fn log(&self, event: &Record<'_>) {
        if self.enabled(event.metadata()) {
            message(&format!("{:.3} s: {}", self.0.elapsed().as_secs_f64(), event.args()));
        }
    }

    fn flush(&self) {}
}

/// What is heard of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hearing {
    Nothing,
    Phases,
    /// Also those of logs, which are named.
    Logs,
}

/// Hears events from now on.
pub(super) fn hear(hearing: Hearing) {
    let level = match hearing {
        Hearing::Nothing => return,
        Hearing::Phases => LevelFilter::Info,
        Hearing::Logs => LevelFilter::Debug,
    };
    // There is one for the whole of the program, and this is called once.
    if log::set_logger(Box::leak(Box::new(Events(Instant::now())))).is_ok() {
        log::set_max_level(level);
    }
}

/// Lines on standard output.
pub(super) fn lines<T: AsRef<str>>(lines: &[T]) -> Result<()> {
    let mut out = Out::begin()?;
    lines.iter().try_for_each(|line| out.line(line.as_ref()))?;
    out.end()
}

/// An object for scripts on a line of standard output, however long: it is written while it is made.
pub(super) fn object(object: &impl Serialize) -> Result<()> {
    let mut out = Out::begin()?;
    let written = object.serialize(&mut Serializer::with_formatter(&mut out.0, Visible));
    unless_gone(written.map_err(io::Error::from).and_then(|()| writeln!(out.0)))?;
    out.end()
}

/// An object for scripts as a text.
pub(super) fn json_text(object: &impl Serialize) -> String {
    let mut text = Vec::new();
    // Neither memory nor texts as keys are ever refused.
    let _ = object.serialize(&mut Serializer::with_formatter(&mut text, Visible));
    String::from_utf8(text).unwrap_or_default()
}

/// What this program itself says, as it is, on standard output: help, a script.
pub(super) fn own(bytes: &[u8]) -> Result<()> {
    unless_gone(standard_output()?.write_all(bytes))
}

/// What came of writing to standard output: a reader that goes away has what it wanted.
pub(super) fn unless_gone(written: io::Result<()>) -> Result<()> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result.map_err(Error::io("cannot write to standard output")),
    }
}

/// Standard output, line by line.
pub(super) struct Out(BufWriter<Box<dyn Write>>);

impl Out {
    pub(super) fn begin() -> Result<Self> {
        Ok(Self(BufWriter::with_capacity(1 << 16, standard_output()?)))
    }

    /// Writes a line.
    pub(super) fn line(&mut self, line: &str) -> Result<()> {
        unless_gone(writeln!(self.0, "{}", visible::line(line)))
    }

    /// Ends the output.
    pub(super) fn end(mut self) -> Result<()> {
        unless_gone(self.0.flush())
    }
}

/// JSON in which nothing acts: what JSON itself lets stand is escaped, too.
struct Visible;

impl Formatter for Visible {
    fn write_string_fragment<W: Write + ?Sized>(&mut self, out: &mut W, fragment: &str) -> io::Result<()> {
        if !fragment.chars().any(acts) {
            return out.write_all(fragment.as_bytes());
        }
        for c in fragment.chars() {
            let mut units = [0; 2];
            if acts(c) {
                c.encode_utf16(&mut units).iter().try_for_each(|unit| write!(out, "\\u{unit:04x}"))?;
            } else {
                write!(out, "{c}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn json_is_visible_and_says_the_same() {
        let object = json!({"a\u{9b}\u{202e}": ["\x1b\n\u{7f}", "\u{e0041}\u{4e2d}\"\\", 1.5, null]});
        let text = json_text(&object);
        assert!(!text.chars().any(acts), "{text}");
        assert!(
            text.contains("\"a\\u009b\\u202e\"") && text.contains("\\udb40\\udc41\u{4e2d}\\\"\\\\"),
            "{text}"
        );
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), object);
    }
}
