//! Lists in pages: `Marker` says where the last page ended, `MaxItems` how long one is.

use base::Fault;
use base::limits::iam::PAGE;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::directory::faults;

/// One page of a list.
#[derive(Debug, PartialEq, Eq)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Where the next page begins; `None` on the last one.
    pub marker: Option<String>,
}

impl<T> Page<T> {
    pub fn is_truncated(&self) -> Option<bool> {
        Some(self.marker.is_some())
    }
}

/// What a caller asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    after: Option<String>,
    length: usize,
}

impl Wanted {
    /// `ValidationError` for a marker that isn't one of ours.
    pub fn new(marker: Option<&str>, max_items: Option<i32>) -> Result<Self, Fault> {
        let after = marker.map(position).transpose()?;
        Ok(Self { after, length: max_items.map_or(PAGE, |most| usize::try_from(most).unwrap_or(PAGE)) })
    }

    /// Cuts the page out of items that stand in the order of their positions.
    pub fn cut<T>(self, items: impl IntoIterator<Item = T>, position: impl Fn(&T) -> String) -> Page<T> {
        let behind = |item: &T| self.after.as_ref().is_none_or(|after| position(item) > *after);
        let mut items = items.into_iter().filter(behind);
        let page: Vec<T> = items.by_ref().take(self.length).collect();
        let more = items.next().is_some();
        let marker = page.last().filter(|_| more).map(|last| URL_SAFE_NO_PAD.encode(position(last)));
        Page { items: page, marker }
    }
}

fn position(marker: &str) -> Result<String, Fault> {
    let bytes = URL_SAFE_NO_PAD.decode(marker).ok();
    bytes.and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(|| faults::validation("Invalid Marker."))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_pages_together_are_the_list(count in 0usize..30, length in 1i32..10) {
            let all: Vec<String> = (0..count).map(|n| format!("name-{n:03}")).collect();
            let (mut seen, mut marker) = (Vec::new(), None);
            loop {
                let wanted = Wanted::new(marker.as_deref(), Some(length)).expect("our own marker");
                let page = wanted.cut(all.clone(), String::clone);
                seen.extend(page.items);
                marker = page.marker;
                if marker.is_none() {
                    break;
                }
            }
            prop_assert_eq!(seen, all);
        }
    }

    #[test]
    fn a_marker_of_somebody_elses_is_refused() {
        assert!(Wanted::new(Some("not base64!"), None).is_err());
    }
}
