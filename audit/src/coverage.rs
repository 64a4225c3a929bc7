//! Must-check coverage (R5: 应查必查): which persons in registered cases were looked up before the decision, after it, or not
//! at all. A fold over leaves that needs no key (`FORMAT.md` §12): tags are compared with tags of their own month.

mod event;
mod figures;
mod fold;
mod list;
mod of_set;

pub use event::{Event, HANDED_OVER};
pub(crate) use figures::as_in_leaves;
pub use figures::{CoverageFigures, Department, Elsewhere, Miss, Waiting};
pub use fold::{Coverage, first_whole};
pub use list::{Covers, ListFault, SignedList, list_text, list_text_of_set};
pub use of_set::{ListInSet, LookedUp};
