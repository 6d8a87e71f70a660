//! Walks one series over its days, forwards or backwards.

use std::collections::VecDeque;
use std::ops::Range;

use store::SeriesName;
use store::log::{Place, Point};

use super::day::Day;
use super::place::Direction;
use super::service::Logs;

/// What is left of a series between two places.
#[derive(Debug)]
pub(super) struct Cursor<'a> {
    logs: &'a Logs,
    series: SeriesName,
    /// In order of time; taken from the front or the back.
    days: VecDeque<Day>,
    /// From its start (included) up to its end (not included).
    window: Range<Place>,
    direction: Direction,
}

impl<'a> Cursor<'a> {
    /// `days` are those on which the series may have something.
    pub(super) fn new(
        logs: &'a Logs,
        series: SeriesName,
        days: impl Iterator<Item = Day>,
        window: Range<Place>,
        direction: Direction,
    ) -> Self {
        let meets = |day: &Day| day.end_ms() > window.start.at_ms && day.start_ms() <= window.end.at_ms;
        let mut days: Vec<Day> = days.filter(meets).collect();
        days.sort_unstable();
        Self { logs, series, days: days.into(), window, direction }
    }

    /// Up to `limit` records in the direction of the cursor, all of one day; none at the end.
    pub(super) async fn next(&mut self, limit: usize) -> store::Result<(Option<Day>, Vec<Point>)> {
        while let Some(day) = self.day() {
            let series = self.logs.space_of(day)?.series(self.series.clone());
            let Range { start, end } = self.window;
            let points = match self.direction {
                Direction::Forward => series.read(start, end, limit).await?,
                Direction::Backward => series.read_back(start, end, limit).await?,
            };
            if points.len() < limit {
                self.leave_day();
            }
            if let Some(last) = points.last() {
                self.window = beyond(start..end, self.direction, last.place);
                return Ok((Some(day), points));
            }
        }
        Ok((None, Vec::new()))
    }

    fn day(&self) -> Option<Day> {
        match self.direction {
            Direction::Forward => self.days.front().copied(),
            Direction::Backward => self.days.back().copied(),
        }
    }

    fn leave_day(&mut self) {
        match self.direction {
            Direction::Forward => self.days.pop_front(),
            Direction::Backward => self.days.pop_back(),
        };
    }
}

/// What is left of a window when all up to `place`, itself included, has been seen.
pub(super) fn beyond(window: Range<Place>, direction: Direction, place: Place) -> Range<Place> {
    match direction {
        Direction::Forward => window.start.max(place.next())..window.end,
        Direction::Backward => window.start..window.end.min(place),
    }
}

/// Where a page goes on when `place` was the last to be on it.
pub(super) fn onward(direction: Direction, place: Place) -> Place {
    match direction {
        Direction::Forward => place.next(),
        Direction::Backward => place,
    }
}
