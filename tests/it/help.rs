//! Help pages end with examples that work, and manual pages are there for every command.

use super::harness::{Place, repository};
use std::fs;

/// Names of the commands below one, as its help lists them.
fn below(place: &Place, names: &[String]) -> Vec<String> {
    let help = help(place, names);
    let Some((_, list)) = help.split_once("\nCommands:\n") else { return Vec::new() };
    let list = list.lines().take_while(|line| line.starts_with("  "));
    let names =
        list.filter(|line| !line.starts_with("   ")).filter_map(|line| line.split_whitespace().next());
    names.filter(|name| *name != "help").map(String::from).collect()
}

fn help(place: &Place, names: &[String]) -> String {
    let arguments: Vec<&str> = names.iter().map(String::as_str).chain(["--help"]).collect();
    place.run(&arguments, 0).stdout
}

/// Every command by its names, in the order in which help lists them.
fn commands(place: &Place) -> Vec<Vec<String>> {
    let mut all = vec![Vec::new()];
    let mut at = 0;
    while at < all.len() {
        let names = all[at].clone();
        let more = below(place, &names).into_iter().map(|name| [&names[..], &[name]].concat());
        let more: Vec<_> = more.collect();
        at += 1;
        all.splice(at..at, more);
    }
    all
}

/// The commands of the examples at the end of a help page.
fn examples(help: &str) -> Vec<String> {
    let (_, examples) = help.split_once("\nExamples:\n").unwrap_or_else(|| panic!("no example: {help}"));
    let mut commands: Vec<String> = Vec::new();
    for line in examples.lines().filter(|line| line.starts_with("    ")) {
        match commands.last_mut() {
            // A long command goes on in the next line.
            Some(last) if !line.trim().starts_with("flowbook ") => *last = format!("{last} {}", line.trim()),
            _ => commands.push(line.trim().into()),
        }
    }
    commands
}

/// A folder in which the examples work.
fn place() -> Place {
    let place = Place::new();
    let sample = repository().join("data/sample");
    for log in fs::read_dir(sample)
        .unwrap()
        .map(Result::unwrap)
        .filter(|log| log.path().extension().unwrap() == "gz")
    {
        place.write(&format!("logs/{}", log.file_name().to_str().unwrap()), fs::read(log.path()).unwrap());
    }
    let run = fs::read_to_string(repository().join("data/run/flowbook.toml")).unwrap();
    place.write("flowbook.toml", run.replace("../sample", "logs").replace("usage.db", "run.db"));
    place
}

#[test]
fn the_examples_of_every_help_page_work() {
    let place = place();
    let commands = commands(&place);
    assert!(commands.len() > 15, "{commands:?}");
    for names in commands {
        let examples = examples(&help(&place, &names));
        assert!(!examples.is_empty(), "{names:?}");
        for example in examples {
            let words: Vec<&str> = example.split(' ').collect();
            assert!(words.len() > 1 && words[0] == "flowbook", "{example}");
            let begins = [&["flowbook".to_owned()], &names[..]].concat();
            assert!(words.iter().zip(&begins).all(|(word, name)| word == name), "{names:?}: {example}");
            place.run(&words[1..], 0);
        }
    }
    // The example of task delete takes the CSV away again.
    for made in ["day.xlsx", "hour.xlsx", "reports", "trial", "man/flowbook.1"] {
        assert!(place.exists(made), "{made}");
    }
}

#[test]
fn every_command_has_a_manual_page() {
    let place = Place::new();
    place.run(&["man", "--dir", "pages/man1"], 0);
    let mut pages = Vec::new();
    for names in commands(&place) {
        let words: Vec<&str> = names.iter().map(String::as_str).collect();
        let printed = place.run(&[&["man"], &words[..]].concat(), 0).stdout;
        let name = [&["flowbook"], &words[..]].concat().join("-");
        assert!(printed.contains(&format!(".TH {name} 1")), "{name}: {printed}");
        let (_, examples) =
            printed.split_once("\n.SH \"EXAMPLES\"\n.nf\n").unwrap_or_else(|| panic!("{name}: {printed}"));
        assert!(examples.contains("\n\\&  flowbook "), "{name}: {examples}");
        assert_eq!(
            fs::read_to_string(place.path(&format!("pages/man1/{name}.1"))).unwrap(),
            printed,
            "{name}"
        );
        pages.push(format!("{name}.1"));
    }
    let mut there: Vec<String> = fs::read_dir(place.path("pages/man1"))
        .unwrap()
        .map(|page| page.unwrap().file_name().into_string().unwrap())
        .collect();
    pages.sort();
    there.sort();
    assert_eq!(there, pages);
    // Again, and pages that are there are replaced.
    place.run(&["man", "--dir", "pages/man1"], 0);
    place.run(&["man", "exprt"], 2).says(&["flowbook has no command \"exprt\"; did you mean \"export\"?"]);
    place.run(&["man", "export", "x"], 2).says(&["flowbook export has no command \"x\"; it has no commands"]);
    place.run(&["man", "export", "--dir", "d"], 2).says(&["cannot be used with"]);
}
