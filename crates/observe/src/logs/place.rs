//! Places as AWS writes them: event ids of 56 digits, and the tokens of pages.
//!
//! A place is a time and, within one millisecond, the store's position. As a number it is `time << 144 | position << 80`,
//! which has 56 digits from 1984 to 2111, sorts as the places do, and looks like AWS's own.

use store::Position;
use store::log::Place;

/// The last time that 56 digits can hold, in the year 2111; later ones are taken for it.
pub(crate) const LAST_MS: i64 = 4_484_000_000_000;
/// 56 digits are four groups of 14.
const GROUP: u64 = 100_000_000_000_000;
const GROUP_DIGITS: usize = 14;
const GROUPS: usize = 4;

/// Which way a page goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// The earliest first.
    Forward,
    /// The latest first.
    Backward,
}

/// 56 digits.
pub(crate) fn event_id(place: Place) -> String {
    let at = place.at_ms.clamp(0, LAST_MS).unsigned_abs();
    let position = place.position.0.max(0).unsigned_abs();
    let mut limbs = [(at << 16) | (position >> 48), position << 16, 0];
    let mut groups = [0; GROUPS];
    for group in groups.iter_mut().rev() {
        *group = divide(&mut limbs, GROUP);
    }
    groups.iter().map(|group| format!("{group:0GROUP_DIGITS$}")).collect()
}

/// `None` if `text` is no event id of this house.
pub(crate) fn parse_event_id(text: &str) -> Option<Place> {
    if text.len() != GROUP_DIGITS * GROUPS || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let mut limbs = [0; 3];
    for group in 0..GROUPS {
        let digits = &text[group * GROUP_DIGITS..(group + 1) * GROUP_DIGITS];
        multiply_add(&mut limbs, GROUP, digits.parse().ok()?);
    }
    let [high, middle, low] = limbs;
    if low != 0 || middle & 0xffff != 0 {
        return None;
    }
    let at_ms = i64::try_from(high >> 16).ok()?;
    let position = i64::try_from((high << 48) | (middle >> 16)).ok()?;
    Some(Place { at_ms, position: Position(position) })
}

/// `f/…` or `b/…`, and a place: where the next page begins (forward) or ends (backward, exclusive).
pub(crate) fn token(direction: Direction, place: Place) -> String {
    let letter = match direction {
        Direction::Forward => 'f',
        Direction::Backward => 'b',
    };
    format!("{letter}/{}/s", event_id(place))
}

pub(crate) fn parse_token(text: &str) -> Option<(Direction, Place)> {
    let (letter, rest) = text.split_once('/')?;
    let direction = match letter {
        "f" => Direction::Forward,
        "b" => Direction::Backward,
        _ => return None,
    };
    Some((direction, parse_event_id(rest.strip_suffix("/s")?)?))
}

/// Divides a number of three limbs, the highest first; the remainder.
fn divide(limbs: &mut [u64; 3], by: u64) -> u64 {
    let mut rest = 0;
    for limb in limbs {
        let whole = (u128::from(rest) << 64) | u128::from(*limb);
        // The rest is less than the divisor, so that the quotient fits its limb.
        *limb = (whole / u128::from(by)) as u64;
        rest = (whole % u128::from(by)) as u64;
    }
    rest
}

/// What doesn't fit three limbs is lost; 56 digits fit.
fn multiply_add(limbs: &mut [u64; 3], by: u64, add: u64) {
    let mut carry = add;
    for limb in limbs.iter_mut().rev() {
        let whole = u128::from(*limb) * u128::from(by) + u128::from(carry);
        *limb = whole as u64;
        carry = (whole >> 64) as u64;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn place() -> impl Strategy<Value = Place> {
        let position = prop_oneof![0i64..10, any::<i64>().prop_map(|n| n & i64::MAX)];
        (0..=LAST_MS, position).prop_map(|(at_ms, n)| Place { at_ms, position: Position(n) })
    }

    proptest! {
        #[test]
        fn an_event_id_comes_back_and_has_56_digits(place in place()) {
            let id = event_id(place);
            prop_assert_eq!(id.len(), 56);
            prop_assert_eq!(parse_event_id(&id), Some(place));
        }

        #[test]
        fn event_ids_sort_as_places_do(a in place(), b in place()) {
            prop_assert_eq!(event_id(a).cmp(&event_id(b)), a.cmp(&b));
        }

        #[test]
        fn a_token_comes_back(place in place(), forward: bool) {
            let direction = if forward { Direction::Forward } else { Direction::Backward };
            prop_assert_eq!(parse_token(&token(direction, place)), Some((direction, place)));
        }

        #[test]
        fn hostile_tokens_do_not_panic(text in "[fbx]?/?[0-9]{0,57}/?s?", any in ".{0,70}") {
            let _ = (parse_token(&text), parse_token(&any), parse_event_id(&any));
        }

        #[test]
        fn hostile_ids_of_the_right_length_come_back_or_are_refused(text in "[0-9]{56}") {
            if let Some(place) = parse_event_id(&text) {
                prop_assert!(place.at_ms > LAST_MS || event_id(place) == text);
            }
        }
    }

    #[test]
    fn todays_ids_begin_as_those_of_aws() {
        let id = event_id(Place { at_ms: 1_795_392_000_000, position: Position(7) });
        assert!(id.starts_with("40"), "{id}");
    }
}
