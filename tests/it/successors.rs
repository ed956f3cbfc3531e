//! Logs that take the place of others, under all kinds of names: what was known of a path tells nothing of what stands there
//! now, and what was read is recognised by whatever name of its domain it comes back.

use super::harness::{gzip, line};
use super::kept::Kept;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

const HOUR: &str = "2026_03_01_120000_130000";
const LATER: &str = "2026_03_01_130000_140000";

/// Lines of so many bytes each, with only a path where there is no host.
fn lines(host: &str, lines: RangeInclusive<u64>) -> String {
    lines
        .map(|n| {
            let text = line(&format!("1/Mar/2026:12:{:02}:00 +0800", n % 60), host, n);
            if host.is_empty() { text.replace("http:///", "/") } else { text }
        })
        .collect()
}

fn named(domain: &str, hour: &str) -> String {
    format!("logs/{domain}_{hour}.log")
}

/// Ingests, and gives bytes by domain.
#[track_caller]
fn taken(kept: &Kept, more: &[&str]) -> BTreeMap<String, i64> {
    taken_with(kept, more, 0)
}

/// The same, with the exit code that is expected.
#[track_caller]
fn taken_with(kept: &Kept, more: &[&str], code: i32) -> BTreeMap<String, i64> {
    kept.try_ingest(&[&["logs", "--max-rejects", "100%"], more].concat(), code);
    let mut found = BTreeMap::new();
    kept.usage().into_iter().for_each(|row| *found.entry(row.0).or_default() += row.3[0]);
    found
}

fn bytes(domains: &[(&str, i64)]) -> BTreeMap<String, i64> {
    domains.iter().map(|(domain, bytes)| ((*domain).to_owned(), *bytes)).collect()
}

/// Bytes of these lines.
fn sum(lines: RangeInclusive<u64>) -> i64 {
    lines.sum::<u64>().cast_signed()
}

#[test]
fn a_rotated_log_takes_neither_domain_nor_hours_of_what_stood_there() {
    for (name, rest) in [("logs/current.log", ""), ("logs/access_2026_03_01_120000_130000.log", "")]
        .into_iter()
        .chain([("logs/current.log", "x.com"), ("logs/current.gz", "")])
    {
        let pack = |text: String| if name.ends_with("gz") { gzip(text.as_bytes()) } else { text.into() };
        let kept = Kept::new();
        kept.write(&named("a.com", HOUR), lines("", 1..=3));
        kept.write(name, pack(lines("", 1..=3)));
        assert_eq!(taken(&kept, &[]), bytes(&[("a.com", 6)]));
        // Of the new log nobody knows whose its lines with only a path are.
        kept.write("new", pack(lines("", 21..=24) + &lines(rest, 25..=25)));
        kept.rename("new", name);
        let mut expected = bytes(&[("a.com", 6)]);
        if !rest.is_empty() {
            expected.insert(rest.to_owned(), 25);
        } else if name.contains("access") {
            // A word that a name begins with is taken for a domain, where there is no better one.
            expected.insert("access".to_owned(), sum(21..=25));
        }
        for more in [&[][..], &[], &["--verify"]] {
            assert_eq!(taken(&kept, more), expected, "{name} {rest}");
        }
        let fresh = Kept::new();
        fresh.write(&named("a.com", HOUR), lines("", 1..=3));
        fresh.write(name, pack(lines("", 21..=24) + &lines(rest, 25..=25)));
        assert_eq!(taken(&fresh, &[]), expected, "fresh: {name} {rest}");
        // What it is a copy of tells whose it is.
        kept.write(&named("b.com", HOUR), lines("", 21..=24) + &lines(rest, 25..=25));
        let now = taken(&kept, &[]);
        assert_eq!((now.get("a.com"), now.contains_key("b.com")), (Some(&6), true), "{name}: {now:?}");
        assert!(!now.contains_key("access"), "{now:?}");
    }
}

#[test]
fn a_rotated_log_has_its_own_hours() {
    let kept = Kept::new();
    let at = |hour: u64| line(&format!("1/Mar/2026:{hour:02}:00:00 +0800"), "a.com", hour);
    let spanning = "logs/a.com_2026_03_01_080000_110000.log";
    kept.write(spanning, (8..11).map(at).collect::<String>());
    kept.copy(spanning, "logs/current.log");
    taken(&kept, &[]);
    kept.write("new", at(11) + &at(11));
    kept.rename("new", "logs/current.log");
    taken(&kept, &[]);
    let range = ["--start-time", "2026-03-01T00:00:00Z", "--end-time", "2026-03-01T04:00:00Z"];
    kept.0.run(&[&["store", "coverage", "--store", "usage.db"][..], &range].concat(), 0);
}

/// What happens to a beginning of a log that is gone.
type Change<'a> = &'a dyn Fn(&Kept, &str);

#[test]
fn a_beginning_that_was_read_is_recognised_by_any_name_of_its_domain() {
    let (long, short) = (lines("", 1..=4), lines("", 1..=3));
    let to = |name: String| move |kept: &Kept, from: &str| kept.rename(from, &name);
    let renamed = [
        to("logs/v.log".into()),
        to(format!("logs/sub/access_{HOUR}.log")),
        to(named("backup_a.com", HOUR)),
        to(named("new_a.com", HOUR)),
        to(named("old_backup_a.com", LATER)),
        to(named("a.com", LATER)),
    ];
    let touched: Change<'_> = &|kept, name| kept.set_time(name, 1_700_000_000);
    let packed: Change<'_> = &|kept, name| {
        kept.write(&format!("{name}.gz"), gzip(short.as_bytes()));
        kept.remove(name);
    };
    let changes = renamed.iter().map(|change| change as Change<'_>).chain([touched, packed]);
    for (at, change) in changes.enumerate() {
        for name in ["logs/u.log".into(), format!("logs/access_{LATER}.log")]
            .into_iter()
            .chain(["a.com", "backup_a.com", "old_a.com"].map(|domain| named(domain, LATER)))
        {
            for more in [&[][..], &["--verify"]] {
                let kept = Kept::new();
                std::fs::create_dir_all(kept.0.path("logs/sub")).unwrap();
                kept.write(&named("a.com", HOUR), &long);
                assert_eq!(taken(&kept, &[]), bytes(&[("a.com", 10)]));
                kept.write(&name, &short);
                assert_eq!(taken(&kept, &[]), bytes(&[("a.com", 10)]));
                // The same beginning of another domain's log takes nothing from it.
                kept.write(&named("b.com", HOUR), &long);
                kept.write(&named("b.com", LATER), &short);
                assert_eq!(taken(&kept, &[]), bytes(&[("a.com", 10), ("b.com", 10)]));
                kept.remove(&named("a.com", HOUR));
                if name != named("a.com", LATER) || at != 5 {
                    change(&kept, &name);
                }
                for _ in 0..2 {
                    let found = taken(&kept, more);
                    assert_eq!(found, bytes(&[("a.com", 10), ("b.com", 10)]), "{at}: {name} {more:?}");
                }
            }
        }
    }
}

#[test]
fn names_with_something_before_one_domain_are_of_that() {
    let kept = Kept::new();
    kept.write(&named("backup_a.com", HOUR), lines("", 1..=3));
    assert_eq!(taken(&kept, &[]), bytes(&[("backup_a.com", 6)]));
    kept.write(&named("old_a.com", HOUR), lines("", 1..=3));
    let both = taken(&kept, &[]);
    assert_eq!(both.values().sum::<i64>(), 6, "{both:?}");
    kept.rename(&named("backup_a.com", HOUR), &named("x_y_a.com", HOUR));
    assert_eq!(taken(&kept, &["--verify"]).values().sum::<i64>(), 6);
    kept.write(&named("a.com", HOUR), lines("", 1..=3));
    assert_eq!(taken(&kept, &[]), bytes(&[("a.com", 6)]));
    let direct = kept.0.export(&["logs", "--json"], 0);
    assert_eq!(direct.json()["key_figures"]["total_traffic_bytes"], 6, "{}", direct.stdout);
    // These are hosts that may all be there.
    kept.write(&named("x-a.com", HOUR), lines("", 1..=3));
    kept.write(&named("y-a.com", HOUR), lines("", 1..=3));
    assert_eq!(taken(&kept, &[]), bytes(&[("a.com", 6), ("x-a.com", 6), ("y-a.com", 6)]));
}

#[test]
fn a_whole_copy_of_a_damaged_log_takes_its_place_with_or_without_a_last_newline() {
    let log = lines("", 1..=3);
    let packed = gzip(log.as_bytes());
    let cut = &packed[..packed.len() - 4];
    for is_moved in [true, false] {
        for (is_open, earlier) in [(true, false), (true, true), (false, false), (false, true)] {
            let kept = Kept::new();
            let place = named("b.com", HOUR).replace(".log", ".gz");
            kept.write(&place, cut);
            let copy = format!("logs/copy/b.com_{HOUR}.log");
            std::fs::create_dir_all(kept.0.path("logs/copy")).unwrap();
            if earlier {
                kept.write(&copy, lines("", 1..=1));
            }
            assert_eq!(taken_with(&kept, &["--keep-going"], 3), bytes(&[("b.com", 6)]));
            if is_moved {
                kept.rename(&place, &format!("logs/copy/b.com_{HOUR}.gz"));
            }
            kept.write(&copy, if is_open { log.trim_end() } else { &log });
            for _ in 0..2 {
                let found = taken_with(&kept, &["--keep-going"], 0);
                assert_eq!(found, bytes(&[("b.com", 6)]), "{is_moved} {is_open} {earlier}");
            }
            // What is missing of the damaged one is there: the hour is delivered.
            let range = ["--start-time", "2026-03-01T04:00:00Z", "--end-time", "2026-03-01T05:00:00Z"];
            kept.0.run(&[&["store", "coverage", "--store", "usage.db"][..], &range].concat(), 0);
            assert!(kept.0.run(&["store", "check", "--store", "usage.db"], 0).stdout.contains("sound"));
        }
    }
}

#[test]
fn equal_logs_of_a_domain_and_of_a_wildcard_that_ends_alike_are_two() {
    for wildcard in [".b.com", ".x-a.com", ".x_a.com"] {
        let logs = [(named("a.com", HOUR), lines("", 1..=3)), (named(wildcard, HOUR), lines("", 1..=3))];
        for order in [[0, 1], [1, 0]] {
            let kept = Kept::new();
            for at in order {
                kept.write(&logs[at].0, &logs[at].1);
                taken(&kept, &["--keep-going"]);
            }
            for more in [&[][..], &["--verify"]] {
                assert_eq!(taken(&kept, more), bytes(&[("a.com", 6)]), "{wildcard} {order:?}");
            }
            kept.remove(&named("a.com", HOUR));
            assert_eq!(taken(&kept, &["--verify"]), bytes(&[("a.com", 6)]), "{wildcard} {order:?}");
        }
    }
}

#[test]
fn the_log_of_a_wildcard_takes_and_gives_no_line_of_another_domain() {
    let health = lines("", 1..=1);
    let wildcard = health.clone() + &lines("", 20..=20) + &lines("x.b.com", 21..=22);
    let logs = [(named("a.com", HOUR), &health), (named(".b.com", HOUR), &wildcard)];
    let expected = bytes(&[("a.com", 1), ("x.b.com", 43)]);
    for order in [[0, 1], [1, 0]] {
        let kept = Kept::new();
        for at in order {
            kept.write(&logs[at].0, logs[at].1);
            taken(&kept, &[]);
        }
        for more in [&[][..], &["--verify"]] {
            assert_eq!(taken(&kept, more), expected, "{order:?}");
        }
        // A given domain is that of its lines only if it is one of its subdomains.
        for (given, total) in [("a.com", 44), ("x.b.com", 65), ("b.com", 44)] {
            let words = ["logs", "--json", "--force", "--max-rejects", "100%", "--domain", given];
            let direct = kept.0.export(&words, 0).json();
            assert_eq!(direct["key_figures"]["total_traffic_bytes"], total, "{given}: {direct}");
        }
        let shown = kept.0.export(&["logs", "--json", "--force", "--domain-names", "a.com"], 0).stdout;
        assert!(!shown.contains(".b.com"), "{shown}");
    }
    // Neither does it take the lines of the log of one of its subdomains, in any order.
    let logs = [(named("x.b.com", HOUR), &health), (named(".b.com", HOUR), &wildcard)];
    for order in [[0, 1], [1, 0]] {
        let kept = Kept::new();
        for at in order {
            kept.write(&logs[at].0, logs[at].1);
            taken(&kept, &[]);
        }
        assert_eq!(taken(&kept, &[]), bytes(&[("x.b.com", 44)]), "{order:?}");
    }
}

#[test]
fn a_log_that_becomes_shorter_is_said() {
    let kept = Kept::new();
    let gone = named("a.com", LATER);
    kept.write(&named("a.com", HOUR), lines("", 1..=30));
    kept.write(&gone, lines("", 31..=40));
    taken(&kept, &[]);
    let of = |bytes: &str| kept.write(&named("a.com", HOUR), bytes);
    let shorter = |kept: &Kept| kept.try_ingest(&["logs"], 0);
    of(&lines("", 1..=20));
    let done = shorter(&kept);
    done.says(&["has 20 lines where it had 30", "no longer count"]);
    assert_eq!(done.json()["shorter"][0]["lines_before"], 30);
    // What grows, is copied, or comes in the place of as much is no such thing.
    of(&lines("", 1..=25));
    kept.copy(&gone, "logs/copy.log");
    assert_eq!(shorter(&kept).json()["shorter"], serde_json::json!([]));
    // A copy of another log took its place.
    of(&lines("", 31..=40));
    shorter(&kept).says(&["has 10 lines where it had 25"]);
    assert!(!shorter(&kept).stderr.contains("lines where"));
}

/// Requests by domain in a direct export, and in a store that took the logs in one by one in some order, or at once; both
/// without what is zero.
#[track_caller]
fn in_every_order(logs: &[(String, String)], expected: i64, what: &str) {
    let orders: &[&[usize]] = &[&[0, 1, 2], &[0, 2, 1], &[1, 0, 2], &[1, 2, 0], &[2, 0, 1], &[2, 1, 0]];
    let once = Kept::new();
    for (name, text) in logs {
        once.write(name, text);
    }
    let total = |found: BTreeMap<String, i64>| found.values().sum::<i64>();
    assert_eq!(total(taken(&once, &[])), expected, "{what}: at once");
    let direct = once.0.export(&["logs", "--json", "--force", "--max-rejects", "100%"], 0).json();
    assert_eq!(direct["key_figures"]["total_traffic_bytes"], expected, "{what}: direct");
    for order in orders {
        let kept = Kept::new();
        for at in *order {
            kept.write(&logs[*at].0, &logs[*at].1);
            taken(&kept, &[]);
        }
        for more in [&[][..], &["--verify"]] {
            assert_eq!(total(taken(&kept, more)), expected, "{what}: {order:?} {more:?}");
        }
    }
}

#[test]
fn what_may_be_one_with_two_domains_does_not_make_these_one() {
    let log = lines("", 1..=3);
    let of = |domains: [&str; 3]| domains.map(|domain| (named(domain, HOUR), log.clone()));
    in_every_order(&of(["x.b.com", "y.b.com", ".b.com"]), 12, "a wildcard");
    in_every_order(&of(["x-a.com", "y-a.com", "backup_a.com"]), 18, "three hosts with one end");
    in_every_order(&of(["x_a.com", "y_x_a.com", "a.com"]), 6, "all of one domain");
    in_every_order(&of(["www.my_shop.com", "img.your_shop.com", "shop.com"]), 18, "three hosts");
    in_every_order(&of(["img.my-a.com", "a.com", "my-a.com"]), 18, "a host below another one");
    in_every_order(&of(["old_x-a.com", "old_a.com", "x-a.com"]), 12, "copies of two");
}

#[test]
fn a_log_is_the_beginning_only_of_one_that_may_be_of_its_domain() {
    for (first, between, other) in [
        ("x.b.com", ".b.com", "y.b.com"),
        ("x.b.com", "q.q.com", "y.b.com"),
        ("x-a.com", "backup_a.com", "y-a.com"),
        ("x-a.com", "backup_q.com", "y-a.com"),
    ] {
        let kept = Kept::new();
        kept.write(&named(first, HOUR), lines("", 1..=6));
        taken(&kept, &[]);
        kept.write(&named(between, HOUR), lines("", 1..=3));
        taken(&kept, &[]);
        kept.write(&named(other, HOUR), lines("", 1..=3));
        let found = taken(&kept, &[]);
        assert_eq!((found.get(first), found.get(other)), (Some(&21), Some(&6)), "{between}: {found:?}");
    }
}

#[test]
fn what_happens_to_the_log_of_another_domain_is_no_matter() {
    let (long, short) = (lines("", 1..=6), lines("", 1..=3));
    let gone: [Change<'_>; 4] = [
        &|kept, name| kept.write(name, lines("", 50..=60)),
        &|kept, name| kept.write(name, lines("", 1..=1)),
        &|kept, name| kept.write(name, ""),
        &|kept, name| {
            let words = ["store", "forget", name, "--store", "usage.db"];
            kept.0.run(&words, 0);
            kept.remove(name);
        },
    ];
    for (at, change) in gone.iter().enumerate() {
        let kept = Kept::new();
        kept.write(&named("a.com", HOUR), &long);
        taken(&kept, &[]);
        kept.write(&named("a.com", LATER), &short);
        taken(&kept, &[]);
        kept.write(&named("b.com", HOUR), &long);
        taken(&kept, &[]);
        kept.write(&named("b.com", LATER), &short);
        taken(&kept, &[]);
        kept.remove(&named("b.com", LATER));
        change(&kept, &named("b.com", HOUR));
        taken(&kept, &[]);
        kept.remove(&named("a.com", HOUR));
        kept.rename(&named("a.com", LATER), &named("backup_a.com", LATER));
        let found = taken(&kept, &[]);
        assert_eq!((found.get("a.com"), found.get("backup_a.com")), (Some(&21), None), "{at}: {found:?}");
    }
}

#[test]
fn a_beginning_of_a_known_beginning_counts_nothing() {
    for host in ["", "a.com"] {
        let kept = Kept::new();
        kept.write(&named("a.com", HOUR), lines(host, 1..=6));
        taken(&kept, &[]);
        kept.write("logs/b.log", lines(host, 1..=4));
        taken(&kept, &[]);
        kept.remove(&named("a.com", HOUR));
        kept.write("logs/c.log", lines(host, 1..=2));
        for more in [&[][..], &[], &["--verify"]] {
            assert_eq!(taken(&kept, more), bytes(&[("a.com", 21)]), "{host:?} {more:?}");
        }
    }
}

#[test]
fn what_counts_for_a_domain_does_not_depend_on_a_log_between_those_of_two() {
    for ([one, other, between], of_between) in [
        (["x.b.com", "y.b.com", ".b.com"], 0),
        (["x.b.com", "z.c.com", ".b.com"], 0),
        (["x.b.com", "y.b.com", "access"], 0),
        (["x-a.com", "y-a.com", "old_a.com"], sum(1..=3)),
        (["x-a.com", "old_x-a.com", "old_a.com"], sum(1..=3) - sum(1..=2)),
    ] {
        for [first, second] in [[5, 2], [2, 5]] {
            let logs = [(one, first), (other, second), (between, 3)];
            let logs = logs.map(|(domain, last)| (named(domain, HOUR), lines("", 1..=last)));
            in_every_order(&logs, sum(1..=5) + sum(1..=2) + of_between, &format!("{one} {other} {between}"));
        }
    }
}

/// Logs of a few domains, each a beginning of the same lines, under names of which some are one: whatever comes first and is
/// touched, each domain has what its longest log has.
#[test]
fn each_domain_has_the_lines_of_its_longest_log_in_any_order() {
    const NAMES: [&str; 9] = [
        "a.com",
        "old_a.com",
        "x_old_a.com",
        "x-a.com",
        "old_x-a.com",
        "old-a.com",
        "x.a.com",
        "b_a.com",
        ".a.com",
    ];
    let core = |name: &str| name.rsplit('_').next().unwrap().to_owned();
    let mut state = 7_u64;
    let mut next = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((state >> 33) % below as u64).unwrap()
    };
    for round in 0..25 {
        let logs: Vec<(&str, String, u64)> = (0..5)
            .map(|at| {
                let name = NAMES[next(NAMES.len())];
                let hour = [HOUR, LATER][next(2)];
                (name, format!("logs/{at}/{name}_{hour}.log"), next(6) as u64 + 2)
            })
            .collect();
        let mut longest = BTreeMap::new();
        for (name, _, last) in logs.iter().filter(|log| !log.0.starts_with('.')) {
            let known = longest.entry(core(name)).or_insert(0);
            *known = sum(1..=*last).max(*known);
        }
        let by_core = |found: BTreeMap<String, i64>| {
            let mut of_core = BTreeMap::new();
            for (name, bytes) in found {
                *of_core.entry(core(&name)).or_insert(0) += bytes;
            }
            of_core
        };
        let kept = Kept::new();
        for (at, (_, path, last)) in logs.iter().enumerate() {
            std::fs::create_dir_all(kept.0.path(&format!("logs/{at}"))).unwrap();
            kept.write(path, lines("", 1..=*last));
            if next(2) == 0 {
                taken(&kept, &[]);
            }
        }
        for step in 0..4 {
            assert_eq!(by_core(taken(&kept, &[])), longest, "{round}, {step}: {logs:?}");
            for (_, path, _) in &logs {
                if next(2) == 0 {
                    kept.set_time(path, 1_700_000_000 + step * 60);
                }
            }
        }
        assert_eq!(by_core(taken(&kept, &["--verify"])), longest, "{round}: {logs:?}");
        let direct = kept.0.export(&["logs", "--json", "--force", "--max-rejects", "100%"], 0).json();
        let total = &direct["key_figures"]["total_traffic_bytes"];
        assert_eq!(*total, longest.values().sum::<i64>(), "{round}: {logs:?}");
    }
}

/// Two domains' logs that begin with the same health checks, and a copy of one of them whose name tells no domain.
#[test]
fn a_copy_without_a_domain_is_of_the_domain_of_its_lines_whatever_they_begin_with() {
    let (checks, whole) = (lines("", 1..=2), lines("", 1..=6));
    let expected = bytes(&[("a.com", 3), ("long.example.org", 21)]);
    for copy in [format!("logs/access_{LATER}.log"), "logs/u.log".to_owned()] {
        for at_once in [true, false] {
            let kept = Kept::new();
            for (name, text) in [
                (named("a.com", HOUR), &checks),
                (copy.clone(), &whole),
                (format!("logs/old/long.example.org_{LATER}.log"), &lines("", 1..=4)),
                (named("long.example.org", LATER), &whole),
            ] {
                kept.write(&name, text);
                if !at_once {
                    taken(&kept, &[]);
                }
            }
            for more in [&[][..], &[], &["--verify"]] {
                assert_eq!(taken(&kept, more), expected, "{copy} at once: {at_once} {more:?}");
            }
        }
    }
}

/// An older copy of one domain's log is the beginning of another's, too: it tells nothing of that, under whatever name that one
/// goes on.
#[test]
fn a_log_that_loses_its_name_stays_with_its_domain() {
    let (check, whole) = (lines("", 1..=1), lines("", 1..=1) + &lines("x.b.com", 10..=59));
    let more = line("1/Mar/2026:13:30:00 +0800", "x.b.com", 5);
    let own = format!("logs/q/x.b.com_{HOUR}.log");
    for (name, grown) in
        [("logs/u.log", ""), ("logs/u.log", &more), ("logs/access_2026_03_01_120000_130000.log", "")]
    {
        let kept = Kept::new();
        kept.write(&own, &whole);
        kept.write(&named("a.com", LATER), check.clone() + &lines("", 20..=20));
        taken(&kept, &[]);
        kept.write(&format!("logs/p/a.com_{LATER}.log"), &check);
        let mut expected = bytes(&[("a.com", 21), ("x.b.com", 1 + sum(10..=59))]);
        assert_eq!(taken(&kept, &[]), expected, "{name}");
        kept.rename(&own, name);
        kept.write(name, whole.clone() + grown);
        *expected.get_mut("x.b.com").unwrap() += if grown.is_empty() { 0 } else { 5 };
        for more in [&[][..], &[], &["--verify"]] {
            assert_eq!(taken(&kept, more), expected, "{name} {grown:?} {more:?}");
        }
    }
}

/// Of several beginnings the longest one tells whose a log is.
#[test]
fn the_longest_beginning_tells_the_domain() {
    let whole = lines("", 1..=1) + &lines("x.b.com", 10..=59);
    let place = Kept::new();
    place.write(&named("x.b.com", HOUR), &whole);
    place.write(&named("a.com", LATER), lines("", 1..=1) + &lines("", 20..=20));
    place.write(&format!("logs/p/a.com_{LATER}.log"), lines("", 1..=1));
    place.write("logs/u.log", whole + &line("1/Mar/2026:13:30:00 +0800", "x.b.com", 5));
    let expected = bytes(&[("a.com", 21), ("x.b.com", 1 + sum(10..=59) + 5)]);
    assert_eq!(taken(&place, &[]), expected);
    let arguments =
        ["export", "logs", "--type", "flow", "--range", "2026-03-01", "--rows", "sparse", "-o", "o.csv"];
    place.0.run(&arguments, 0);
    let rows = std::fs::read_to_string(place.0.path("o.csv")).unwrap();
    let mut direct = BTreeMap::<String, i64>::new();
    for row in rows.lines().skip(1) {
        let cells: Vec<&str> = row.split(',').collect();
        *direct.entry(cells[1].to_owned()).or_default() += cells[3].parse::<i64>().unwrap();
    }
    assert_eq!(direct, expected);
}

/// The domain that is given for a log is as good as one in its name: other logs with the same lines take nothing from it.
#[test]
fn a_log_keeps_the_domain_that_was_given_for_it() {
    for name in [format!("logs/access_{HOUR}.log"), "logs/u.log".to_owned()] {
        for (other, more) in [("b.com", 0), ("b.com", 3), (".b.com", 0)] {
            let kept = Kept::new();
            kept.write(&name, lines("", 1..=6));
            let given = ["--domain", "a.com"];
            assert_eq!(taken(&kept, &given), bytes(&[("a.com", 21)]), "{name}");
            kept.write(&named(other, HOUR), lines("", 1..=6 + more) + &lines("x.b.com", 30..=59));
            let mut expected = bytes(&[("a.com", 21), ("x.b.com", sum(30..=59))]);
            if other == "b.com" {
                expected.insert("b.com".to_owned(), sum(1..=6 + more));
            }
            for more in [&[][..], &[], &["--verify"]] {
                assert_eq!(taken(&kept, more), expected, "{name} {other} {more:?}");
            }
        }
    }
}
