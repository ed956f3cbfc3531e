//! The README, the guide and the other papers: what they say is held against the program.

use super::document;
use crate::harness::{Place, repository};
use flowbook::contract::code::Code;
use std::collections::BTreeSet;
use std::fs;

/// The README and every page of the guide, by their paths.
fn documents() -> Vec<String> {
    let pages = fs::read_dir(repository().join("data/docs")).unwrap();
    let pages = pages.map(|page| format!("data/docs/{}", page.unwrap().file_name().to_str().unwrap()));
    let mut documents: Vec<String> = pages.collect();
    documents.sort();
    documents.insert(0, "README.md".into());
    documents
}

#[test]
fn the_guide_lists_every_code() {
    let page = document("data/docs/errors.md");
    for code in Code::ALL {
        assert!(page.contains(&format!("| `{}` | {} |", code.wire(), code.message())), "{code:?}");
    }
}

#[test]
fn the_readme_names_every_page_of_the_guide() {
    let readme = document("README.md");
    for page in documents().iter().skip(1) {
        assert!(readme.contains(&format!("({page})")), "the README does not name {page}");
    }
}

/// Links of a document to files of the repository, without the place within the file.
fn links(text: &str) -> impl Iterator<Item = &str> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let targets = targets.filter(|target| !target.contains("://") && !target.starts_with('#'));
    targets.map(|target| target.split('#').next().unwrap_or_default())
}

#[test]
fn links_of_documents_lead_to_files() {
    let others = ["CONTRIBUTING.md", "ARCHITECTURE.md", "CHANGELOG.md", "data/README.md"].map(String::from);
    for path in documents().into_iter().chain(others) {
        let text = document(&path);
        let folder = repository().join(&path).parent().unwrap().to_owned();
        let broken = links(&text).find(|target| !folder.join(target).exists());
        assert_eq!(broken, None, "{path} has a link to a file that is not there");
    }
}

/// Paths below the folders of the repository that a document names between backticks.
fn named_paths(text: &str) -> impl Iterator<Item = &str> {
    let roots = ["src/", "tests/", "benches/", "data/"];
    let quoted = text.split('`').skip(1).step_by(2).flat_map(str::split_whitespace);
    let named = quoted.filter(move |word| roots.iter().any(|root| word.starts_with(root)));
    named.filter(|word| !word.contains(['*', '<', '=']))
}

#[test]
fn paths_that_documents_name_are_there() {
    for path in ["CONTRIBUTING.md", "ARCHITECTURE.md", "data/README.md"] {
        let text = document(path);
        assert!(path == "data/README.md" || named_paths(&text).count() > 20, "{path} names files");
        let gone = named_paths(&text).find(|named| !repository().join(named).exists());
        assert_eq!(gone, None, "{path} names what is not there");
    }
}

/// The commands of a document's code blocks marked `sh`, continued lines joined.
fn commands(document: &str) -> Vec<String> {
    let blocks = document.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
    let joined = blocks.map(|block| block.replace("\\\n", " ")).collect::<String>();
    let lines = joined.lines().map(|line| line.split(" # ").next().unwrap_or_default().trim());
    lines.filter(|line| !line.is_empty() && !line.starts_with('#')).map(String::from).collect()
}

/// Runs the flowbook commands of a document one after the other in a folder of their own; gives how many of them export.
fn run_commands(path: &str) -> usize {
    let place = Place::new();
    let data = repository().join("data");
    let mut exports = 0;
    for command in commands(&document(path)) {
        let words: Vec<&str> = command.split_whitespace().collect();
        let (["cargo", "run", "--release", "--", arguments @ ..] | ["flowbook", arguments @ ..]) =
            words.as_slice()
        else {
            continue;
        };
        assert!(!command.contains(['|', '>', '$', '\'']), "{path}: a plain command: {command}");
        let arguments: Vec<String> =
            arguments.iter().map(|word| word.replace("data/", &format!("{}/", data.display()))).collect();
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        place.run(&arguments, 0);
        exports += usize::from(arguments[0] == "export");
    }
    exports
}

/// The keys of a JSON object and of the objects in it, except of lists by reason.
fn keys(value: &serde_json::Value, found: &mut BTreeSet<String>) {
    for (key, value) in value.as_object().into_iter().flatten() {
        found.insert(key.clone());
        if !key.ends_with("_by_reason") && key != "not_read" {
            keys(value, found);
        }
    }
}

#[test]
fn the_guide_lists_every_key_of_the_json() {
    let place = Place::new();
    let page = document("data/docs/export.md");
    let sample = repository().join("data/sample");
    for kind in ["flow", "vas"] {
        let arguments = ["export", sample.to_str().unwrap(), "--type", kind, "--month", "2026-03", "--json"];
        let done = place.run(&arguments, 0);
        let mut found = BTreeSet::new();
        keys(&serde_json::from_str(&done.stdout).unwrap(), &mut found);
        assert!(found.len() > 30, "{found:?}");
        let missing = found.iter().find(|key| !page.contains(&format!("`{key}`")));
        assert_eq!(missing, None, "export.md does not list a key");
    }
}

/// The commands of the program below one, each with those that it is given behind.
fn commands_below(place: &Place, command: &str) -> Vec<String> {
    let arguments: Vec<&str> = command.split_whitespace().chain(["--help"]).collect();
    let help = place.run(&arguments, 0).stdout;
    let Some((_, list)) = help.split_once("\nCommands:\n") else { return vec![command.to_owned()] };
    let rows = list.lines().take_while(|line| !line.trim().is_empty());
    // What a row goes on with stands further right.
    let rows = rows.filter_map(|row| row.strip_prefix("  ").filter(|row| !row.starts_with(' ')));
    let names = rows.filter_map(|row| row.split_whitespace().next()).filter(|name| *name != "help");
    names.flat_map(|name| commands_below(place, format!("{command} {name}").trim_start())).collect()
}

#[test]
fn the_guide_lists_every_option() {
    let place = Place::new();
    let guide: String = documents().iter().skip(1).map(|page| document(page)).collect();
    let commands = commands_below(&place, "");
    assert!(commands.len() > 15, "{commands:?}");
    let mut missing = Vec::new();
    for command in commands {
        let arguments: Vec<&str> = command.split_whitespace().chain(["--help"]).collect();
        let help = place.run(&arguments, 0).stdout;
        let options = help.lines().filter_map(|line| line.split_once("--"));
        let options = options.filter(|(before, _)| before.trim().len() < 4).map(|(_, rest)| rest);
        let names: Vec<&str> = options
            .filter_map(|rest| rest.split_whitespace().next())
            .map(|name| name.trim_end_matches('.'))
            .collect();
        assert!(!names.is_empty(), "{command} has options");
        // Not only one that begins so.
        let goes_on = |c: char| c.is_alphanumeric() || c == '-';
        let is_listed = |option: &str| {
            guide.match_indices(option).any(|(at, _)| !guide[at + option.len()..].starts_with(goes_on))
        };
        let is_missing = |name: &&str| *name != "help" && !is_listed(&format!("`--{name}"));
        missing.extend(names.into_iter().filter(is_missing).map(|name| format!("{command} --{name}")));
    }
    assert_eq!(missing, Vec::<String>::new(), "no page of the guide has these");
}

#[test]
fn the_example_of_the_configuration_is_valid_and_has_every_key() {
    let page = document("data/docs/configuration.md");
    let example = page.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let place = Place::new();
    place.write("flowbook.toml", example);
    place.run(&["run", "flowbook.toml", "--dry-run"], 0);
    let tables = document("src/cli/config/tables.rs");
    let keys = tables.lines().filter_map(|line| line.strip_prefix("    pub(super) ")?.split_once(": "));
    let keys = keys.filter(|(key, _)| !key.contains(' '));
    let keys: Vec<&str> = keys.map(|(key, _)| if key == "kind" { "type" } else { key }).collect();
    assert!(keys.len() > 30, "the tables have keys");
    let has = |key: &str| example.contains(&format!("{key} = ")) || example.contains(&format!("[{key}]"));
    assert_eq!(keys.iter().find(|key| !has(key)), None, "the example lacks a key");
}

#[test]
fn documents_are_read_as_they_are_written() {
    let text = "[a](b.md#c) [d](https://e.f) [g](#h)\n```sh\nflowbook a \\\n  b # c\n\n# d\n```\n```text\nno sh\n```\n\
                `src/gone.rs` and `bash tests/x.sh N`, `data/*/y`, src/z";
    assert_eq!(links(text).collect::<Vec<_>>(), ["b.md"]);
    assert_eq!(commands(text), ["flowbook a    b"]);
    assert_eq!(named_paths(text).collect::<Vec<_>>(), ["src/gone.rs", "tests/x.sh"]);
}

#[test]
fn the_commands_of_the_readme_and_of_the_guide_work() {
    let exports: Vec<usize> = documents().iter().map(|path| run_commands(path)).collect();
    assert!(exports[0] >= 2, "the README shows how to export");
    assert!(exports[1..].iter().sum::<usize>() >= 4, "the guide shows how to export");
}
