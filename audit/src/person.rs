//! A person's export: every query about one person as its leaf, with what proves each (`FORMAT.md` §11). [`Checked`] is an
//! export that holds by itself; [`Checked::against`] compares it with the log, which alone shows what was left out.

mod against;
mod check;
mod fault;
mod form;

pub use check::Checked;
pub use fault::ExportFault;
