//! Native charts, described by what they show: ranges of sheets, titles, units.

use super::serial;
use crate::time::DAY_SECONDS;
use rust_xlsxwriter::{
    Chart, ChartAxis, ChartAxisDateUnitType, ChartAxisLabelPosition, ChartAxisTickType, ChartFont,
    ChartFormat, ChartLegendPosition, ChartLine, ChartMarker, ChartRange, ChartSolidFill, ChartType,
};

/// A column of cells below a heading: rows `first..=last`, from 0.
#[derive(Clone, Copy, Debug)]
pub struct Cells<'a> {
    /// The sheet's name.
    pub sheet: &'a str,
    /// The column, from 0.
    pub column: u16,
    /// First row.
    pub first: u32,
    /// Last row.
    pub last: u32,
}

impl Cells<'_> {
    fn range(&self) -> ChartRange {
        ChartRange::new_from_range(self.sheet, self.first, self.column, self.last, self.column)
    }
}

/// A series of a chart.
#[derive(Clone, Debug)]
pub struct Line<'a> {
    /// Its name in the legend.
    pub name: &'a str,
    /// Its values.
    pub values: Cells<'a>,
    /// Its colour.
    pub colour: u32,
    /// Drawn broken, as limits are.
    pub dashed: bool,
    /// Whether the legend has it.
    pub in_legend: bool,
}

/// How the values are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Lines over time; from and to in wall-clock seconds.
    Lines(i64, i64),
    /// Areas on top of each other, one position per slice, over this many seconds.
    Stacked(i64),
    /// A column per day, for this many days.
    Days(usize),
    /// A column per hour.
    Hours,
    /// A bar per name, the first on top.
    Bars,
}

/// A chart.
#[derive(Clone, Debug)]
pub struct Plot<'a> {
    /// Its title.
    pub title: &'a str,
    /// How it is drawn.
    pub shape: Shape,
    /// What the values belong to.
    pub categories: Cells<'a>,
    /// The title of the category axis; empty for none.
    pub category_title: &'a str,
    /// The title of the value axis, with its unit.
    pub value_title: &'a str,
    /// The number format of the axis.
    pub value_format: &'a str,
    /// The series.
    pub lines: Vec<Line<'a>>,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
}

const COLOUR_GRID: u32 = 0xE3_E3_E3;
const COLOUR_TEXT: u32 = 0x40_40_40;

impl Plot<'_> {
    pub(super) fn build(&self) -> Chart {
        let mut chart = Chart::new(match self.shape {
            Shape::Lines(..) => ChartType::ScatterStraight,
            Shape::Stacked(_) => ChartType::AreaStacked,
            Shape::Days(_) | Shape::Hours => ChartType::Column,
            Shape::Bars => ChartType::Bar,
        });
        chart.title().set_name(self.title).set_font(font(12).set_bold());
        chart.set_width(self.width).set_height(self.height);
        for line in &self.lines {
            self.add(&mut chart, line);
        }
        if self.lines.len() > 1 {
            let hidden = self.lines.iter().enumerate().filter(|(_, line)| !line.in_legend);
            let hidden: Vec<usize> = hidden.map(|(at, _)| at).collect();
            let legend = chart.legend().set_position(ChartLegendPosition::Bottom).set_font(&font(9));
            legend.delete_entries(&hidden);
        } else {
            chart.legend().set_hidden();
        }
        let (categories, values): (Axis, Axis) = match self.shape {
            // A bar chart lies on its side: its categories stand at the y axis.
            Shape::Bars => (Chart::y_axis, Chart::x_axis),
            _ => (Chart::x_axis, Chart::y_axis),
        };
        let axis = plain(categories(&mut chart)).set_major_gridlines(false);
        if !self.category_title.is_empty() {
            axis.set_name(self.category_title);
        }
        self.scale(axis);
        let axis =
            plain(values(&mut chart)).set_major_gridlines(true).set_major_gridlines_line(&thin(COLOUR_GRID));
        axis.set_name(self.value_title).set_num_format(self.value_format).set_min(0);
        if self.shape == Shape::Bars {
            // With the first category on top, the value axis would stand there too.
            axis.set_label_position(ChartAxisLabelPosition::High);
            axis.set_major_tick_type(ChartAxisTickType::None);
        }
        chart
    }

    fn add(&self, chart: &mut Chart, line: &Line<'_>) {
        let series = chart.add_series();
        series.set_categories(&self.categories.range()).set_values(&line.values.range()).set_name(line.name);
        match self.shape {
            Shape::Lines(..) => {
                let mut stroke = ChartLine::new();
                stroke.set_color(line.colour).set_width(if line.dashed { 1.75 } else { 1.25 });
                if line.dashed {
                    stroke.set_dash_type(rust_xlsxwriter::ChartLineDashType::Dash);
                }
                series.set_format(ChartFormat::new().set_line(&stroke));
                series.set_marker(ChartMarker::new().set_none());
            }
            Shape::Stacked(_) => drop(series.set_format(&mut filled(line.colour))),
            Shape::Days(_) | Shape::Hours | Shape::Bars => {
                series.set_format(&mut filled(line.colour)).set_gap(60);
            }
        }
    }

    /// Puts marks on the category axis where a reader looks for them.
    fn scale(&self, axis: &mut ChartAxis) {
        match self.shape {
            Shape::Lines(from, to) => {
                let (step, format) = time_marks(to - from);
                axis.set_min(serial(from)).set_max(serial(to));
                axis.set_major_unit(step as f64 / DAY_SECONDS as f64).set_num_format(format);
            }
            Shape::Stacked(seconds) => {
                let (step, format) = time_marks(seconds);
                let slices = u16::try_from(step / crate::time::WINDOW_SECONDS)
                    .expect("marks are no more than some days apart");
                axis.set_text_axis(true);
                axis.set_label_interval(slices).set_tick_interval(slices);
                // Some programs choose the interval themselves, by the width of labels: blanks keep dates of a long
                // range apart, the time tells those of a short one apart. Slanted ones find room anyway.
                if seconds >= WIDE_DAYS * DAY_SECONDS {
                    axis.set_num_format("\"     \"mm-dd\"     \"").set_font(font(8).set_rotation(-1));
                    axis.set_major_tick_type(ChartAxisTickType::None);
                } else {
                    let format = if format == "mm-dd" { "mm-dd hh:mm" } else { format };
                    axis.set_num_format(format).set_font(font(8).set_rotation(-45));
                }
            }
            Shape::Days(days) => {
                let interval = u32::try_from(days.div_ceil(MAX_DAY_LABELS))
                    .expect("a range has fewer days than 2^32")
                    .max(1);
                axis.set_date_axis(true).set_num_format("mm-dd").set_major_unit(interval);
                axis.set_major_unit_date_type(ChartAxisDateUnitType::Days);
            }
            Shape::Hours => drop(
                axis.set_text_axis(true).set_num_format("hh:mm").set_label_interval(3).set_tick_interval(3),
            ),
            Shape::Bars => drop(axis.set_reverse()),
        }
    }
}

/// Days from which on a time axis has dates only, of which each is written once.
const WIDE_DAYS: i64 = 15;
/// Labels below columns of days that have room side by side.
const MAX_DAY_LABELS: usize = 11;

/// The part of a chart with the elements of each series in the order of `CT_ScatterSer` (ECMA-376, 21.2.2.167): `spPr`
/// before `marker`. `rust_xlsxwriter` writes them the other way round, which Excel may take for damage.
#[must_use]
pub fn in_order(part: &str) -> String {
    const END: [&str; 2] = ["</c:marker>", "</c:spPr>"];
    let mut ordered = String::with_capacity(part.len());
    let mut rest = part;
    while let Some(start) = rest.find("<c:marker>") {
        let marker_end = rest[start..].find(END[0]).map(|end| start + end + END[0].len());
        let Some(middle) = marker_end else { break };
        let end = Some(&rest[middle..]).filter(|rest| rest.starts_with("<c:spPr>"));
        let end = end.and_then(|rest| rest.find(END[1])).map_or(middle, |end| middle + end + END[1].len());
        ordered.push_str(&rest[..start]);
        ordered.push_str(&rest[middle..end]);
        ordered.push_str(&rest[start..middle]);
        rest = &rest[end..];
    }
    ordered + rest
}

/// Seconds between marks of a time axis over so many seconds, and how they are written: at most a dozen.
fn time_marks(seconds: i64) -> (i64, &'static str) {
    const HOUR: i64 = 3600;
    let steps = [300, 900, HOUR / 2, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR];
    match steps.into_iter().find(|step| seconds / step <= 12) {
        Some(step) if seconds <= DAY_SECONDS => (step, "hh:mm"),
        Some(step) => (step, "mm-dd hh:mm"),
        None => (
            [1, 2, 3, 4].into_iter().find(|days| seconds / (days * DAY_SECONDS) <= 12).unwrap_or(7)
                * DAY_SECONDS,
            "mm-dd",
        ),
    }
}

/// Picks an axis of a chart.
type Axis = fn(&mut Chart) -> &mut ChartAxis;

fn plain(axis: &mut ChartAxis) -> &mut ChartAxis {
    let mut line = ChartFormat::new();
    line.set_line(&thin(0xA6_A6_A6));
    axis.set_font(&font(9)).set_name_font(&font(9)).set_format(&mut line)
}

fn font(size: u32) -> ChartFont {
    let mut font = ChartFont::new();
    font.set_size(size).set_color(COLOUR_TEXT).unset_bold();
    font
}

fn filled(colour: u32) -> ChartFormat {
    let mut format = ChartFormat::new();
    format.set_solid_fill(ChartSolidFill::new().set_color(colour));
    format
}

fn thin(colour: u32) -> ChartLine {
    let mut line = ChartLine::new();
    line.set_color(colour).set_width(0.75);
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_has_its_elements_in_order() {
        let (marker, shape) = ("<c:marker><c:symbol val=\"none\"/></c:marker>", "<c:spPr><a:ln/></c:spPr>");
        let part = |one: &str, other: &str| format!("<c:ser>{one}{other}<c:x/></c:ser>").repeat(2);
        assert_eq!(in_order(&part(marker, shape)), part(shape, marker));
        for good in [part(shape, marker), part("", marker), part(shape, ""), "<c:marker>".into()] {
            assert_eq!(in_order(&good), good);
        }
    }

    #[test]
    fn a_time_axis_has_at_most_a_dozen_steps() {
        for slices in 1..=31 * 288 + 1 {
            let (step, _) = time_marks(slices * 300);
            assert!(slices * 300 / step <= 12 && step % 300 == 0, "{slices} slices, step {step}");
        }
    }
}
