//! Leaves that were let go: their indices are passed over, and nothing that a later leaf says of them is missed.

use jiff::Timestamp;
use uuid::Uuid;

/// Of one log.
#[derive(Default)]
pub(super) struct LetGo {
    next: u64,
    /// The first leaf after the last that was let go, and when it was recorded.
    end: Option<(u64, Option<Timestamp>)>,
}

impl LetGo {
    /// The next leaf has this index.
    pub(super) fn reach(&mut self, index: u64) {
        if index > self.next {
            self.end = Some((index, None));
        }
        self.next = index + 1;
    }

    /// It was recorded then.
    pub(super) fn at(&mut self, at: Timestamp) {
        if let Some((_, end @ None)) = &mut self.end {
            *end = Some(at);
        }
    }

    pub(super) fn is_any(&self) -> bool {
        self.end.is_some()
    }

    /// Leaves before this one may be let go.
    pub(super) fn before(&self) -> u64 {
        self.end.map_or(0, |(end, _)| end)
    }

    /// Whether a leaf with an id may be: it was made before the first leaf that is there.
    pub(super) fn may_have(&self, id: Uuid) -> bool {
        let made = id.get_timestamp().and_then(|made| i64::try_from(made.to_unix().0).ok());
        let end = self.end.and_then(|(_, at)| at);
        made.zip(end).is_some_and(|(made, end)| made <= end.as_second())
    }
}
