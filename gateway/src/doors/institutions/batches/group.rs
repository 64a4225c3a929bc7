//! Lines that go together: one task makes their journeys side by side, so that they share a question to each store, a batch
//! of the log, and a piece of the answer.

use std::sync::Arc;

use credit_policy::Code;
use futures_util::{StreamExt, stream::FuturesOrdered};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use uuid::Uuid;

use super::{
    asker::{Answered, Asker},
    line::{LineAnswer, LineExchange},
    lines::Numbered,
};
use crate::{
    gateway::Gateway,
    journey::{caller::Caller, journey},
    stores::together::Seat,
};

/// Lines of a group at most: what they take of a processor is about the turn of an institution.
const LARGEST: usize = 32;

/// Lines under way at once: enough that one commit of the log is of many. Another gateway is asked line by line: no more
/// than one group then.
const UNDER_WAY: usize = 256;

/// Most answers of lines are shorter.
const USUAL_LINE_BYTES: usize = 1_024;

/// They take no more than this part of the room that an institution has for its queries.
const PART: usize = 4;

/// How large groups may be, and how many there may be at once.
pub(super) struct Groups {
    pub(super) largest: usize,
    pub(super) at_once: usize,
}

impl Groups {
    pub(super) fn of(gateway: &Gateway) -> Self {
        let bounds = &gateway.settings.bounds;
        let room = bounds.journeys_per_institution.min(bounds.journeys) / PART;
        let most = if gateway.rules().stores.have_gateway() { LARGEST } else { UNDER_WAY };
        let under_way = room.clamp(1, most);
        let largest = under_way.min(LARGEST);
        Self { largest, at_once: under_way / largest }
    }
}

/// Lines that follow each other, each within its institution's rate.
pub(super) struct Group {
    first: usize,
    callers: Vec<Caller>,
}

impl Group {
    /// The lines from this one on that the rate lets go now; waits for the first. Nothing behind the last.
    pub(super) async fn due(asker: &Asker, first: usize, last: usize, largest: usize) -> Option<Self> {
        if first > last {
            return None;
        }
        let most = largest.min(last - first + 1);
        let Asker { institution, status, .. } = asker;
        let mut callers = Vec::with_capacity(most);
        callers.push(Caller::wait(Arc::clone(institution), Arc::clone(status)).await);
        while callers.len() < most
            && let Some(caller) = Caller::at_once(institution, status)
        {
            callers.push(caller);
        }
        Some(Self { first, callers })
    }

    /// The number of its first line.
    pub(super) fn first(&self) -> usize {
        self.first
    }

    /// How many lines it has.
    pub(super) fn len(&self) -> usize {
        self.callers.len()
    }

    /// Asks its lines, once there is room for them.
    pub(super) async fn ask(self, asker: Asker, batch: Uuid, lines: Arc<Numbered>) -> Answered {
        let Self { first, callers } = self;
        let many = callers.len();
        // Kept until all of them are recorded.
        let _room = match room(&asker, many).await {
            Ok(room) => room,
            Err(code) => return Answered::none(first, code, asker.language),
        };
        let mut text = Vec::with_capacity(many * USUAL_LINE_BYTES);
        let each = (first..).zip(callers.into_iter().zip(Seat::of(many)));
        let mut under_way: FuturesOrdered<_> =
            each.map(|(number, (caller, seat))| asker.ask(batch, number, &lines, caller, seat)).collect();
        for number in first.. {
            match under_way.next().await {
                Some(Ok(line)) => line.write(number, &mut text),
                Some(Err(code)) => {
                    text.extend_from_slice(&Answered::none(number, code, asker.language).text);
                    // The others are recorded all the same.
                    while under_way.next().await.is_some() {}
                    return Answered { text, is_last: true };
                }
                None => break,
            }
        }
        Answered { text, is_last: false }
    }
}

/// Room for so many lines, taken at once: a line that waited for its own while others of its group hold theirs could wait
/// for ever.
async fn room(asker: &Asker, count: usize) -> Result<[OwnedSemaphorePermit; 2], Code> {
    let gateway = &asker.gateway;
    let many = u32::try_from(count).unwrap_or(u32::MAX);
    let take = async |room: &Arc<Semaphore>| {
        let taken = Semaphore::acquire_many_owned(Arc::clone(room), many).await;
        taken.map_err(|_| Code::Overloaded)
    };
    let taken = [take(&asker.institution.journeys).await?, take(&gateway.journeys).await?];
    if gateway.is_draining() {
        return Err(Code::Draining);
    }
    if !gateway.is_recordable() {
        gateway.metrics.unrecorded();
        return Err(Code::NotRecordable);
    }
    if !gateway.is_heard() {
        return Err(Code::StateUnavailable);
    }
    Ok(taken)
}

impl Asker {
    /// Asks one line.
    ///
    /// # Errors
    /// Why nothing was recorded of it.
    async fn ask(
        &self,
        batch: Uuid,
        number: usize,
        lines: &Numbered,
        caller: Caller,
        seat: Seat,
    ) -> Result<LineAnswer, Code> {
        let mut exchange = LineExchange::new(lines, batch, number, self.language, seat);
        let origin = &self.gateway.settings.log.origin;
        let reply = |recorded, _| LineAnswer::of(recorded, origin);
        // Its group has the room.
        journey(&self.gateway, caller, Vec::new(), &mut exchange, reply).await.map_err(|_| {
            self.gateway.metrics.unrecorded();
            Code::NotRecordable
        })
    }
}
