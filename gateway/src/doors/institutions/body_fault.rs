//! Which member of a query's body, or of a line of a batch, is at fault: looked for only once its reader has refused it, so it need not be fast.

use std::fmt;

use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::on_behalf::OnBehalfBody;
use crate::journey::detail::{Detail, Member};

/// The first fault of a body that is no query.
pub(super) fn query_fault(body: &[u8]) -> Detail {
    fault(body, Of::Query).unwrap_or(Detail::NoJson)
}

/// The first fault of a line that is none of a batch.
pub(super) fn line_fault(line: &[u8]) -> Detail {
    fault(line, Of::Line).unwrap_or(Detail::BatchLine)
}

/// Nothing where it is no object of JSON alone.
fn fault(body: &[u8], of: Of) -> Option<Detail> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    let found = (&mut reader).deserialize_map(Members(of)).ok()?;
    reader.end().ok().map(|()| found)
}

/// Of what the members are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    Query,
    Line,
}

/// Members of a line beside those of a query.
const OF_A_LINE: [&str; 2] = ["line", "consent"];

struct Members(Of);

impl<'de> Visitor<'de> for Members {
    type Value = Detail;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Detail, A::Error> {
        let (mut seen, mut fault, mut of_line) = (Vec::new(), None, Vec::new());
        while let Some(name) = members.next_key::<String>()? {
            if let Some(member) = OF_A_LINE.into_iter().find(|member| self.0 == Of::Line && *member == name) {
                let value = members.next_value::<&RawValue>()?.get();
                let is_right = if member == "line" { value.parse::<usize>().is_ok() } else { is_text(value) };
                if of_line.contains(&member) || !is_right {
                    fault = fault.or(Some(Detail::BatchLine));
                }
                of_line.push(member);
                continue;
            }
            let Some(member) = Member::ALL.into_iter().find(|member| member.name() == name) else {
                let IgnoredAny = members.next_value()?;
                fault = fault.or(Some(if self.0 == Of::Line { Detail::BatchLine } else { Detail::UnknownMember }));
                continue;
            };
            let value: &RawValue = members.next_value()?;
            let found = if seen.contains(&member) {
                Some(Detail::Twice(member))
            } else {
                (!is_of_type(member, value)).then_some(Detail::Type(member))
            };
            fault = fault.or(found);
            seen.push(member);
        }
        Ok(fault.unwrap_or_else(|| match (seen.contains(&Member::Scenario), self.0) {
            // What is left is the one member that must be there to begin with.
            (false, _) => Detail::Missing(Member::Scenario),
            (true, Of::Line) => Detail::BatchLine,
            (true, Of::Query) => Detail::NoJson,
        }))
    }
}

/// A string whose escapes are letters: half of a pair is none.
fn is_text(value: &str) -> bool {
    serde_json::from_str::<String>(value).is_ok()
}

fn is_of_type(member: Member, value: &RawValue) -> bool {
    let text = value.get();
    if member == Member::OnBehalf {
        return serde_json::from_str::<OnBehalfBody>(text).is_ok() && text.starts_with('{');
    }
    if member == Member::Fields {
        return serde_json::from_str::<Vec<&RawValue>>(text)
            .is_ok_and(|names| names.iter().all(|name| is_text(name.get())));
    }
    is_text(text)
}
