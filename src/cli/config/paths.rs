//! Paths of the configuration file: `~` and variables of the environment stand for what they are.

use std::env;

/// Puts in what `~` at the beginning, `$NAME` and `${NAME}` stand for; `$$` is a dollar sign. `look` looks a variable up.
fn expand(text: &str, look: impl Fn(&str) -> Result<String, String>) -> Result<String, String> {
    let (mut path, mut rest) = (String::with_capacity(text.len()), text);
    if let Some(after) = rest.strip_prefix('~') {
        if !after.is_empty() && !after.starts_with('/') {
            return Err("the home folder of another user is not looked up: write the whole path, or ./~ for a name that \
                        begins so"
                .into());
        }
        path = look("HOME")?;
        rest = after;
    }
    while let Some((before, after)) = rest.split_once('$') {
        path.push_str(before);
        if let Some(after) = after.strip_prefix('$') {
            path.push('$');
            rest = after;
            continue;
        }
        let (name, after) = name(after)?;
        path.push_str(&look(name)?);
        rest = after;
    }
    Ok(path + rest)
}

/// The name of a variable behind its dollar sign, and what follows it.
fn name(text: &str) -> Result<(&str, &str), String> {
    let length = |text: &str| text.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
    let (name, rest) = match text.strip_prefix('{') {
        Some(inner) => {
            let end = inner.find('}').ok_or("${ is not closed by }")?;
            let (name, rest) = (&inner[..end], &inner[end + 1..]);
            if length(name) < name.len() {
                return Err(format!("${{{name}}} is not a variable name"));
            }
            (name, rest)
        }
        None => text.split_at(length(text)),
    };
    if name.is_empty() || name.as_bytes()[0].is_ascii_digit() {
        return Err("$ is not followed by the name of a variable; write $$ for a dollar sign".into());
    }
    Ok((name, rest))
}

/// The path that a text of the configuration means; `key` is where it stands.
pub(super) fn path(key: &str, text: &str) -> Result<String, String> {
    let look = |name: &str| match env::var(name) {
        Ok(value) if value.is_empty() => Err(format!("the environment variable {name} is empty")),
        Ok(value) => Ok(value),
        Err(env::VarError::NotPresent) => Err(format!("the environment variable {name} is not set")),
        Err(env::VarError::NotUnicode(_)) => Err(format!("the environment variable {name} is not text")),
    };
    expand(text, look).map_err(|why| format!("{key} is {text:?}; {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_stand_for_what_they_are() {
        let look = |name: &str| match name {
            "HOME" => Ok("/home/u".to_owned()),
            "A_1" => Ok("x$y".into()),
            _ => Err(format!("{name} is not set")),
        };
        for (text, expected) in [
            ("~", "/home/u"),
            ("~/logs", "/home/u/logs"),
            ("$HOME/logs", "/home/u/logs"),
            ("${HOME}logs", "/home/ulogs"),
            ("logs/~/a", "logs/~/a"),
            ("a$A_1-b${A_1}", "ax$y-bx$y"),
            ("a$$HOME", "a$HOME"),
            ("plain", "plain"),
        ] {
            assert_eq!(expand(text, look).as_deref(), Ok(expected), "{text}");
        }
        for (text, expected) in [
            ("$NONE/a", "NONE is not set"),
            ("${NONE}", "NONE is not set"),
            ("~other/logs", "another user"),
            ("${HOME", "not closed"),
            ("${A-1}", "not a variable name"),
            ("a$", "$$"),
            ("$/a", "$$"),
            ("$1", "$$"),
        ] {
            let error = expand(text, look).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
