//! The workbook, re-read: sheets, headings, cells, figures, parts, in both types and languages.

use super::book::{Book, part, parts};
use super::harness::{Place, line};
use flowbook::locale::{Label, Language};

/// Two domains over two local days, with every protocol and some errors.
fn place() -> Place {
    let place = Place::new();
    let mut text = String::new();
    text += &line("1/Mar/2026:08:00:10 +0800", "b.com", 571_963_305);
    text += &line("1/Mar/2026:08:04:59 +0800", "a.com", 300).replace("http://", "https://");
    text += &line("1/Mar/2026:08:05:00 +0800", "a.com", 7).replace("HIT", "MISS").replace(" 200 ", " 404 ");
    text +=
        &line("2/Mar/2026:07:59:59 +0800", "a.com", 100).replace("text/html\"", "text/html\" 1.1.1.1 quic");
    text += &line("2/Mar/2026:07:59:59 +0800", "a.com", 100)
        .replace("http://", "rtmp://")
        .replace(" 200 ", " 503 ");
    text += &line("2/Mar/2026:08:00:00 +0800", "a.com", 1);
    place.write("logs/a.com_2026_03_01_080000_090000.log", text);
    place
}

const SHANGHAI: [&str; 3] = ["logs", "--time-zone", "Asia/Shanghai"];

#[test]
fn flow_sheets_hold_what_was_logged() {
    let place = place();
    place.export(&SHANGHAI, 0);
    let path = place.path("out.xlsx");
    let mut book = Book::open(&path);
    assert_eq!(
        book.sheets(),
        ["Summary", "Daily", "Account", "Domains", "Detail", "Data Quality", "Sources"]
    );
    let rows = book.rows("Detail");
    let heading = ["Time (UTC+08:00)", "Domain Name", "Region", "Traffic (bytes)", "Bandwidth (bps)"];
    assert_eq!(rows[0], heading);
    assert_eq!(rows.len(), 1 + 2 * 288);
    assert_eq!(rows[1], ["2026-03-01 08:00:00", "a.com", "All", "300", "8"]);
    assert_eq!(rows[2], ["2026-03-01 08:05:00", "a.com", "All", "7", "0.19"]);
    assert_eq!(rows[3], ["2026-03-01 08:10:00", "a.com", "All", "0", "0"]);
    assert_eq!(rows[288], ["2026-03-02 07:55:00", "a.com", "All", "200", "5.33"]);
    assert_eq!(rows[289], ["2026-03-01 08:00:00", "b.com", "All", "571963305", "15252354.8"]);
    let account = book.rows("Account");
    assert_eq!(account[1][..4], ["2026-03-01 08:00:00", "All", "571963605", "15252362.8"]);
    assert_eq!(account.len(), 289);
    let domains = book.rows("Domains");
    assert_eq!(domains[1][..2], ["b.com", "571963305"]);
    assert_eq!(domains[2][..2], ["a.com", "507"]);
    let daily = book.rows("Daily");
    assert_eq!(daily[1][..2], ["2026-03-01 00:00:00", "571963612"]);
    assert_eq!(daily[2][..2], ["2026-03-02 00:00:00", "200"]);
    assert_eq!(daily[3][..2], ["Total", "571963812"]);
    assert_eq!(book.beside("Summary", "Total Traffic (bytes)"), "571963812");
    assert_eq!(book.beside("Summary", "Peak Bandwidth (bps)"), "15252362.8");
    assert_eq!(book.beside("Summary", "95th Percentile (bps)"), "0");
    assert_eq!(book.beside("Summary", "4th Daily Peak (bps)"), "\u{2014}");
    assert_eq!(book.beside("Summary", "4xx Share of Requests"), "0.2");
    assert_eq!(book.beside("Summary", "Time Zone"), "Asia/Shanghai (UTC+08:00)");
    // The name tells hour 00 of the day, in UTC, for a.com; b.com stands in no log of its own.
    assert_eq!(book.beside("Summary", "Hours With a Log"), "1 of 24");
    assert_eq!(book.beside("Summary", "Domain x Hour With a Log"), "1 of 24 (4.17%)");
    assert_eq!(book.beside("Data Quality", "Lines Read"), "6");
    assert_eq!(book.beside("Data Quality", "Outside the Range"), "1");
    assert_eq!(book.beside("Data Quality", "Read = Accepted + Out of Scope + Rejected + Blank"), "Yes");
}

#[test]
fn vas_sheets_count_requests_by_protocol() {
    let place = place();
    place.export(&[SHANGHAI[0], "--time-zone", "+08:00", "--type", "vas", "--region", "cn"], 0);
    let mut book = Book::open(&place.path("out.xlsx"));
    let rows = book.rows("Detail");
    assert_eq!(
        rows[0][3..],
        ["Requests", "HTTPS Requests", "QUIC Requests", "HTTP Requests", "Other Requests"]
    );
    assert_eq!(rows[1], ["2026-03-01 08:00:00", "a.com", "CN", "1", "1", "0", "0", "0"]);
    assert_eq!(rows[288], ["2026-03-02 07:55:00", "a.com", "CN", "2", "0", "1", "0", "1"]);
    assert_eq!(rows[289][3..], ["1", "0", "0", "1", "0"]);
    for (name, value) in [
        ("Requests", "5"),
        ("HTTPS Requests", "1"),
        ("QUIC Requests", "1"),
        ("HTTP Requests", "2"),
        ("Other Requests", "1"),
        ("Peak Requests (5 min)", "2"),
        ("Busiest Day (requests)", "3"),
        ("Hit Ratio (requests)", "0.8"),
        ("Region", "CN"),
    ] {
        assert_eq!(book.beside("Summary", name), value, "{name}");
    }
}

#[test]
fn the_traffic_factor_multiplies_and_the_logged_bytes_stay() {
    let place = place();
    place.export(&["logs", "--traffic-factor", "1.1", "--bill-type", "month_95"], 0);
    let mut book = Book::open(&place.path("out.xlsx"));
    let rows = book.rows("Detail");
    assert_eq!(rows[0][5], "Logged Traffic (bytes)");
    // The figure that the vendor publishes: 571,963,305 bytes x 1.1 x 8 / 300.
    assert_eq!(rows[289][3..], ["629159636", "16777590.28", "571963305"]);
    assert_eq!(book.beside("Summary", "Traffic Factor"), "x 1.1");
    assert_eq!(book.beside("Summary", "Logged Traffic (bytes)"), "571963812");
    let summary = book.rows("Summary");
    let billed: Vec<&str> =
        summary.iter().filter(|row| row[4] == "Billed").map(|row| row[0].as_str()).collect();
    assert_eq!(billed, ["Key Figures", "95th Percentile (bps)"]);
}

#[test]
fn both_languages_have_the_same_figures() {
    let place = place();
    let read = |language: &str| {
        place.export(&["logs", "--language", language, "--force"], 0);
        let mut book = Book::open(&place.path("out.xlsx"));
        let sheets = book.sheets();
        let numbers: Vec<Vec<String>> = book.detail().into_iter().map(|row| row[3..].to_vec()).collect();
        (sheets, numbers)
    };
    let (en, zh) = (read("en-us"), read("zh-cn"));
    let labels = [
        Label::Summary,
        Label::Daily,
        Label::Account,
        Label::Domains,
        Label::Detail,
        Label::DataQuality,
        Label::Sources,
    ];
    assert_eq!(zh.0, labels.map(|label| label.text(Language::ZhCn)));
    assert_eq!(en.1, zh.1);
    assert_eq!(en.1.len(), 576);
}

#[test]
fn the_environment_chooses_the_language() {
    let place = place();
    let arguments = ["export", "logs", "--type", "flow", "--start-time", "2026-03-01T00:00:00Z"];
    let mut command = place.command();
    command.args(arguments).args(["--end-time", "2026-03-02T00:00:00Z", "-o", "out.xlsx"]);
    assert!(command.env("LC_ALL", "zh_CN.UTF-8").output().unwrap().status.success());
    let sheets = Book::open(&place.path("out.xlsx")).sheets();
    assert_eq!(sheets[0], Label::Summary.text(Language::ZhCn));
}

#[test]
fn text_is_never_a_formula() {
    let place = Place::new();
    let name = "=1+1&\"<b>\" _x0041_";
    place.write("a.log", line("1/Mar/2026:08:00:00 +0800", "-1.a1", 5));
    place.export(&["a.log", "--task-name", name], 0);
    let path = place.path("out.xlsx");
    let mut book = Book::open(&path);
    assert_eq!(book.beside("Summary", "Task Name"), name);
    assert_eq!(book.detail()[0][1], "-1.a1");
    for sheet in parts(&path).iter().filter(|p| p.starts_with("xl/worksheets/sheet")) {
        assert!(!part(&path, sheet).contains("<f>"), "{sheet}");
    }
}

#[test]
fn an_export_without_data_is_a_workbook_with_zeros() {
    let place = Place::new();
    place.write("empty.log", "");
    for (kind, language) in [("flow", "en-us"), ("vas", "zh-cn")] {
        place.export(&["empty.log", "--type", kind, "--language", language, "--force"], 3);
        let mut book = Book::open(&place.path("out.xlsx"));
        assert_eq!(book.sheets().len(), 7);
        assert!(book.detail().is_empty());
    }
    place.export(&["empty.log", "--domain-names", "B.com,a.com", "--force"], 3);
    let detail = Book::open(&place.path("out.xlsx")).detail();
    assert_eq!(detail.len(), 576);
    assert_eq!(detail[0], ["2026-03-01 00:00:00", "a.com", "All", "0", "0"]);
    assert_eq!(detail[288][1], "b.com");
}

#[test]
fn scope_leaves_other_domains_out() {
    let place = place();
    let json = place.export(&["logs", "--domain-names", "b.com", "--json", "--read-all"], 0).json();
    assert_eq!(
        (json["counts"]["accepted"].as_u64(), json["counts"]["other_domains"].as_u64()),
        (Some(1), Some(4))
    );
    place.write("c.toml", "[groups]\nall = [\"*.com\"]\n");
    let arguments = ["logs", "--config", "c.toml", "--group", "all", "--json", "--force"];
    let json = place.export(&arguments, 0).json();
    assert_eq!(json["key_figures"]["domains"], 2);
}

#[test]
fn parts_tell_what_a_spreadsheet_program_needs() {
    let place = place();
    place.export(&["logs"], 0);
    let path = place.path("out.xlsx");
    let names = parts(&path);
    assert_eq!(names.iter().filter(|name| name.starts_with("xl/charts/chart")).count(), 3);
    let detail = part(&path, "xl/worksheets/sheet5.xml");
    for piece in ["<pane ySplit=\"1\"", "<autoFilter ref=\"A1:E577\"", "<dimension ref=\"A1:E577\""] {
        assert!(detail.contains(piece), "{piece}");
    }
    assert!(part(&path, "xl/worksheets/sheet4.xml").contains("dataBar"));
    assert!(part(&path, "docProps/custom.xml").contains("flowbook export format"));
    assert!(part(&path, "docProps/core.xml").contains("2026-03-01T00:00:00Z"));
    let workbook = part(&path, "xl/workbook.xml");
    for piece in ["\"TotalTraffic\"", "\"Percentile95\"", "\"PeakBandwidth\"", ">'Detail'!$A$1:$E$577<"] {
        assert!(workbook.contains(piece), "{piece}: {workbook}");
    }
    assert!(part(&path, "docProps/core.xml").contains("flowbook "));
    let chart = part(&path, "xl/charts/chart1.xml");
    assert!(!chart.contains("</c:marker><c:spPr>") && chart.contains("</c:spPr><c:marker>"));
    for piece in ["Account!$A$2:$A$289", "Account!$D$2:$D$289", "Account!$E$2:$E$289", "Bandwidth (Mbps)"] {
        assert!(chart.contains(piece), "{piece}");
    }
}

#[test]
fn data_quality_names_gaps() {
    let place = place();
    place.write("logs/a.com_2026_03_01_110000_120000.log", line("1/Mar/2026:11:30:00 +0800", "a.com", 9));
    place.export(&SHANGHAI, 0);
    let rows = Book::open(&place.path("out.xlsx")).rows("Data Quality");
    let row = |name: &str, from: &str| {
        rows.iter()
            .find(|row| row[0] == name && row[1] == from)
            .unwrap_or_else(|| panic!("{name} {from}: {rows:?}"))
    };
    assert_eq!(row("a.com", "2026-03-01 09:00:00")[2..4], ["2026-03-01 11:00:00", "2"]);
    assert_eq!(row("a.com", "2026-03-01 12:00:00")[2..4], ["2026-03-02 08:00:00", "20"]);
    assert_eq!(row("", "2026-03-01 08:10:00")[2..4], ["2026-03-01 11:30:00", "40"]);
    assert_eq!(row("", "2026-03-01 11:35:00")[3], "244");
}

#[test]
fn slices_of_a_repeated_hour_can_be_told_apart() {
    let place = Place::new();
    let log = "[1/Nov/2026:05:30:00 +0000] 1.1.1.1 - 1 \"-\" \"GET http://www.example.com/\" 200 9 111 HIT \"-\" \"-\"\n";
    place.write("a.log", format!("{log}{}", log.replace("05:30", "06:30").replace("111", "222")));
    let range = ["--start-time", "2026-11-01T04:00:00Z", "--end-time", "2026-11-02T05:00:00Z"];
    for (language, heading) in [("en-us", "UTC Offset"), ("zh-cn", Label::UtcOffset.text(Language::ZhCn))] {
        let mut arguments = vec!["export", "a.log", "--type", "flow", "--time-zone", "America/New_York"];
        arguments.extend(["-o", "out.xlsx", "--force", "--language", language]);
        arguments.extend(range);
        place.run(&arguments, 0);
        let mut book = Book::open(&place.path("out.xlsx"));
        let sheets = book.sheets();
        for (sheet, figure) in [(&sheets[2], 3), (&sheets[4], 4)] {
            let rows = book.rows(sheet);
            assert_eq!(rows[0][1], heading);
            let found: Vec<[&str; 3]> = rows
                .iter()
                .skip(1)
                .filter(|row| row[figure] != "0")
                .map(|row| [row[0].as_str(), row[1].as_str(), row[figure].as_str()])
                .collect();
            let expected = ["2026-11-01 01:30:00", "-04:00", "111"];
            assert_eq!(found, [expected, ["2026-11-01 01:30:00", "-05:00", "222"]], "{sheet}");
            let mut keys: Vec<_> = rows.iter().map(|row| (&row[0], &row[1])).collect();
            keys.sort();
            keys.dedup();
            assert_eq!(keys.len(), rows.len(), "every row of {sheet} has a time of its own");
        }
        let (daily, domains) = (book.rows(&sheets[1]), book.rows(&sheets[3]));
        assert_eq!(daily[1][4..6], ["2026-11-01 01:30:00", "-05:00"]);
        assert_eq!(domains[1][5..7], ["2026-11-01 01:30:00", "-05:00"]);
        let texts = |rows: Vec<Vec<String>>| rows.concat();
        assert!(texts(book.rows(&sheets[0])).contains(&"2026-11-01 01:30 -05:00".to_owned()));
        assert!(texts(book.rows(&sheets[5])).contains(&"2026-11-01 01:30 -04:00".to_owned()));
    }
}

#[test]
fn samples_are_masked_unless_asked_otherwise() {
    let place = Place::new();
    let bad =
        "[1/Mar/2026:08:00:10 +0800] 203.0.113.77 - 1 \"2001:db8::77, 198.51.100.7\" \"nonsense\" 200\n";
    place.write("a.log", format!("{}{bad}", line("1/Mar/2026:08:00:00 +0800", "a.com", 5)));
    let addresses = ["203.0.113.77", "198.51.100.7", "2001:db8::77"];
    for (samples, shown, text) in
        [("", 0, "x.x.x.x"), ("masked", 0, "x.x.x.x"), ("full", 3, "203."), ("none", 0, "a.log")]
    {
        let mut arguments = vec!["a.log", "--force", "--max-rejects", "1", "--json"];
        arguments.extend(["--samples", samples].iter().filter(|_| !samples.is_empty()));
        let done = place.export(&arguments, 0);
        let path = place.path("out.xlsx");
        let all: String =
            parts(&path).iter().map(|name| part(&path, name)).chain([done.json().to_string()]).collect();
        assert_eq!(addresses.iter().filter(|address| all.contains(**address)).count(), shown, "{samples:?}");
        assert!(all.contains(text), "{samples:?}");
    }
    place.export(&["a.log", "--samples", "some", "--force"], 2).says(&["Samples is \"some\"", "masked"]);
}

#[test]
fn a_4th_daily_peak_needs_four_days() {
    let place = Place::new();
    let lines = (1..=4).map(|day| line(&format!("{day}/Mar/2026:12:00:00 +0000"), "a.com", 300 * day));
    place.write("a.log", lines.collect::<String>());
    let request = ["export", "a.log", "--type", "flow", "--json", "--force", "-o", "x.xlsx"];
    for (end, peak) in [("2026-03-03", serde_json::Value::Null), ("2026-03-04", serde_json::json!(8.0))] {
        let range = ["--start-time", "2026-03-01", "--end-time", end];
        let json = place.run(&[&request[..], &range].concat(), 0).json();
        assert_eq!(json["key_figures"]["fourth_daily_peak_bps"], peak, "{end}");
    }
}

#[test]
fn the_account_of_a_group_bears_its_name() {
    let place = place();
    for (group, sheet) in [
        ("R&D <web> shop", "R&D <web> shop"),
        ("a/b:c'd", "a_b_c_d"),
        ("summary", "Account summary"),
        ("Detail 2", "Account Detail 2"),
        ("a group whose name is longer than a sheet's", "a group whose name is longer \u{2026}"),
    ] {
        place.write("c.toml", format!("[groups]\n\"{group}\" = [\"*.com\"]\n"));
        place.export(&["logs", "--config", "c.toml", "--group", group, "--force"], 0);
        let path = place.path("out.xlsx");
        let mut book = Book::open(&path);
        assert_eq!(book.sheets()[2], sheet);
        assert_eq!(book.rows(sheet).len(), 289);
        // The chart keeps the values of that sheet.
        let chart = part(&path, "xl/charts/chart1.xml");
        assert!(chart.contains("<c:pt idx=\"287\"><c:v>"), "{group}");
    }
}
