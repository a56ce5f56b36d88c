//! A timeline as an inline SVG.
//!
//! Places are percentages and sizes are pixels, so that the picture fills any width and its text
//! stays as large as the text around it. A label is shown where it has room: some at every width,
//! some (class `wide`) on wide screens alone.

use super::scale::Scale;
use super::timeline::{Line, Mark, Span, Timeline};
use super::when;
use homeostat_policy::log::IncidentId;
use maud::{Markup, html};

const LANE_HEIGHT: f64 = 26.0;
const TOP: f64 = 4.0;
const BAR_HEIGHT: f64 = 14.0;
const AXIS_HEIGHT: f64 = 24.0;

/// The least width of the drawing, in pixels, on a screen of 375 pixels.
const NARROW: f64 = 236.0;
/// The same from the width on at which the stylesheet shows `wide` labels.
const WIDE: f64 = 560.0;
/// A generous width of a letter.
const LETTER: f64 = 6.8;
/// Half a mark and a little air.
const MARK: f64 = 11.0;

/// Where a label stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Inside,
    Right,
    Left,
}

/// A label that found room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    side: Side,
    only_wide: bool,
}

/// The picture; `about` tells the story to those who do not see it.
pub(super) fn picture(id: IncidentId, timeline: &Timeline, about: &str) -> Markup {
    let scale = Scale::new(&timeline.times, &timeline.waits, timeline.end);
    let axis = TOP + LANE_HEIGHT * timeline.lanes.len() as f64;
    let height = axis + AXIS_HEIGHT;
    let title = format!("picture-{id}");
    let last = match timeline.goes_on {
        true => format!("now, +{}", when::span(scale.end())),
        false => format!("+{}", when::span(scale.end())),
    };
    html! {
        svg.timeline role="img" aria-labelledby=(title) width="100%" height=(height) {
            title id=(title) { (about) }
            (grid(&scale, axis, &last))
            @for (row, lane) in timeline.lanes.iter().enumerate() {
                @let y = TOP + LANE_HEIGHT * (row as f64 + 0.5);
                @let spans: Vec<(f64, f64, &Span)> =
                    lane.spans.iter().map(|s| (scale.x(s.from), scale.x(s.to), s)).collect();
                text.lane x="-10" y=(y + 4.0) text-anchor="end" { (lane.name) }
                line.rail x1="0" x2="100%" y1=(y) y2=(y) {}
                @for (from, to, span) in &spans { (bar(*from, *to, span, y)) }
                @for (from, to, span) in &spans { (marks(*from, *to, span, y)) }
                @for ((from, to, span), place) in spans.iter().zip(places(&spans)) {
                    @if let Some(place) = place { (label(*from, *to, span, y, place)) }
                }
            }
            @for x in scale.cuts() {
                svg.cut x=(percent(x)) y=(axis) {
                    path d="M-5 -6h10v12h-10Z" {}
                    line x1="-5" x2="-1" y1="6" y2="-6" {}
                    line x1="1" x2="5" y1="6" y2="-6" {}
                }
            }
        }
    }
}

fn percent(x: f64) -> String {
    format!("{x:.2}%")
}

/// The axis with its times. Those in the way of the last one are left out.
fn grid(scale: &Scale, y: f64, last: &str) -> Markup {
    let mut ticks: Vec<(f64, String, bool)> = Vec::new();
    let mut free = [0.0_f64; 2];
    for tick in scale.ticks() {
        let text = format!("+{}", when::span(tick.time));
        let mut fits = [NARROW, WIDE].iter().zip(&mut free).map(|(width, free)| {
            let half = text.len() as f64 * LETTER / 2.0;
            let middle = tick.x / 100.0 * width;
            let edge = width - (last.len() + 2) as f64 * LETTER;
            // The opening's own "0" takes the first few pixels.
            let has_room = middle - half > free.max(18.0) && middle + half < edge;
            if has_room {
                *free = middle + half + LETTER;
            }
            has_room
        });
        let (narrow, wide) = (fits.next() == Some(true), fits.next() == Some(true));
        if narrow || wide {
            ticks.push((tick.x, text, !narrow));
        }
    }
    html! {
        line.axis x1="0" x2="100%" y1=(y) y2=(y) {}
        line.axis x1="0" x2="0" y1=(y) y2=(y + 5.0) {}
        text.tick x="0" y=(y + 17.0) { "0" }
        @for (x, text, only_wide) in &ticks {
            g class=[only_wide.then_some("wide")] {
                line.grid x1=(percent(*x)) x2=(percent(*x)) y1=(TOP) y2=(y + 5.0) {}
                text.tick x=(percent(*x)) y=(y + 17.0) text-anchor="middle" { (text) }
            }
        }
        line.axis x1="100%" x2="100%" y1=(y) y2=(y + 5.0) {}
        text.tick x="100%" y=(y + 17.0) text-anchor="end" { (last) }
    }
}

fn bar(from: f64, to: f64, span: &Span, y: f64) -> Markup {
    let class = format!("bar {}", span.tone.class());
    html! {
        @match span.line {
            Line::Bar => {
                rect class=(class) x=(percent(from)) width=(percent(to - from))
                    y=(y - BAR_HEIGHT / 2.0) height=(BAR_HEIGHT) rx="2" {}
            }
            Line::Dashed => {
                line class={ (class) " dashed" } x1=(percent(from)) x2=(percent(to)) y1=(y) y2=(y) {}
            }
            Line::None => {}
        }
    }
}

fn marks(from: f64, to: f64, span: &Span, y: f64) -> Markup {
    let ends = [(from, span.first), (to, span.last)];
    html! {
        @for (x, mark) in ends {
            @if let Some(mark) = mark {
                svg class={ "mark " (span.tone.class()) } x=(percent(x)) y=(y) { (shape(mark)) }
            }
        }
    }
}

/// A mark around the point 0, 0.
fn shape(mark: Mark) -> Markup {
    let (outline, sign) = match mark {
        Mark::Decided => ("M0-7 7 0 0 7-7 0Z", ""),
        Mark::Held => ("M0-7 7 0 0 7-7 0Z", "M-2.2-2.4v4.8M2.2-2.4v4.8"),
        Mark::Fires => ("M0-7 7.5 6H-7.5Z", "M0-2.5v3.5M0 3.4v.2"),
        Mark::Gone => ("M0-6A6 6 0 1 0 0 6 6 6 0 0 0 0-6Z", ""),
        Mark::Well => ("M0-7A7 7 0 1 0 0 7 7 7 0 0 0 0-7Z", "M-3 .2-.8 2.4 3.2-2.2"),
        Mark::Failed => ("M-6.5-6.5h13v13h-13Z", "M-3-3 3 3M3-3-3 3"),
        Mark::Doubt => (
            "M0-7A7 7 0 1 0 0 7 7 7 0 0 0 0-7Z",
            "M-2.2-1.6C-2.2-4.6 2.4-4.4 2.2-1.6 2-.4 0-.2 0 1.2M0 3.8v.2",
        ),
        Mark::Call => ("M-3-7h6l4 4v6l-4 4h-6l-4-4v-6Z", "M0-4v4.6M0 3.6v.2"),
    };
    let class = match mark {
        Mark::Held | Mark::Gone => "outline hollow",
        _ => "outline",
    };
    html! {
        path class=(class) d=(outline) {}
        @if !sign.is_empty() { path.sign d=(sign) {} }
    }
}

fn label(from: f64, to: f64, span: &Span, y: f64, place: Place) -> Markup {
    let (x, dx, anchor) = match place.side {
        Side::Inside => (from, MARK, "start"),
        Side::Right => (to, MARK, "start"),
        Side::Left => (from, -MARK, "end"),
    };
    let is_over_line = place.side == Side::Inside && span.line == Line::Dashed;
    let wide = if place.only_wide { " wide" } else { "" };
    let over = if is_over_line { " over" } else { "" };
    html! {
        text class={ "label" (wide) (over) } x=(percent(x)) dx=(dx) y=(y + 4.0) text-anchor=(anchor) { (span.label) }
    }
}

/// Room for the labels of one lane: first as on a narrow screen, then what else fits a wide one.
fn places(spans: &[(f64, f64, &Span)]) -> Vec<Option<Place>> {
    let mut places = vec![None; spans.len()];
    for (width, only_wide) in [(NARROW, false), (WIDE, true)] {
        let at = |x: f64| x / 100.0 * width;
        let extent = |(from, to, _): &(f64, f64, &Span)| (at(*from) - MARK, at(*to) + MARK);
        for index in 0..spans.len() {
            if places[index].is_some() {
                continue;
            }
            let found = [Side::Inside, Side::Right, Side::Left]
                .into_iter()
                .find(|side| {
                    let (left, right) = room(&spans[index], *side, width);
                    // Beside a span a label also takes the span's end, so that it never stands
                    // beyond another mark, whose label it would seem to be.
                    let taken = match side {
                        Side::Inside => (left, right),
                        Side::Right => (left - MARK, right),
                        Side::Left => (left, right + MARK),
                    };
                    let apart = |other: (f64, f64)| other.1 <= taken.0 || other.0 >= taken.1;
                    let is_clear = (0..spans.len())
                        .filter(|other| *other != index)
                        .all(|other| {
                            let label = places[other].map(|place: Place| place.side);
                            apart(extent(&spans[other]))
                                && label.is_none_or(|side| apart(room(&spans[other], side, width)))
                        });
                    let fits_inside = *side != Side::Inside
                        || spans[index].2.line != Line::None && right <= at(spans[index].1) - MARK;
                    left >= 0.0 && right <= width + MARK && is_clear && fits_inside
                });
            places[index] = found.map(|side| Place { side, only_wide });
        }
    }
    places
}

/// What a label takes of the lane, in pixels.
fn room((from, to, span): &(f64, f64, &Span), side: Side, width: f64) -> (f64, f64) {
    let length = span.label.chars().count() as f64 * LETTER;
    let (from, to) = (from / 100.0 * width, to / 100.0 * width);
    match side {
        Side::Inside => (from + MARK, from + MARK + length),
        Side::Right => (to + MARK, to + MARK + length),
        Side::Left => (from - MARK - length, from - MARK),
    }
}
