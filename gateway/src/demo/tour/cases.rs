//! For the officers' pages: cases that must be checked, as the housing department reports them (one that was looked up, one that was
//! not, one that waits), and one member of staff whose queries a reviewer should look at, whatever the hour is.

use std::{path::Path, sync::Arc, time::Duration};

use credit_policy::Personal;
use serde_json::json;

use super::{
    asking::{QUERIES, asked, asked_by},
    cast::Tour,
    failure::{TourError, hold},
};
use crate::{
    changes::{drawn, watch_reviews},
    demo::{Note, folder},
    gateway::Gateway,
    terminal::{print, words},
};

const SCENARIO: &str = "public-rental-housing";

/// Who asks about one person under as many cases as the policy calls suspicious.
const CURIOUS: &str = "staff-0023";

/// How often it is looked whether what is suspicious waits for a reviewer.
const LOOKS: usize = 100;
const LOOK: Duration = Duration::from_millis(100);

/// Reports them, so that the officers' pages have something to show.
///
/// # Errors
/// The first thing that is not as it must be.
pub(crate) async fn report(dir: &Path, gateway: &Arc<Gateway>) -> Result<(), TourError> {
    let tour = Tour::new(dir, gateway)?;
    let [checked, missed, open] = ["CHECKED", "MISSED", "OPEN"].map(|word| format!("{}-{word}", tour.case));
    let other = folder::person(dir, Note::Late)?;
    tour.case(&checked, &tour.clean, "opened").await?;
    let reply = tour.housing.post(QUERIES, &asked(&tour.clean, Some(&checked)), None).await?;
    hold(reply.status == 200, || format!("a look-up that must be made is refused with {}", reply.status))?;
    tour.case(&checked, &tour.clean, "decided").await?;
    for state in ["opened", "decided"] {
        tour.case(&missed, &other, state).await?;
    }
    tour.case(&open, &other, "opened").await?;
    let curious = folder::person(dir, Note::Expired)?;
    for nr in 1..=gateway.rules().beside.review.cases_of_one_person {
        let case = format!("{}-CURIOUS-{nr}", tour.case);
        let reply = tour.housing.post(QUERIES, &asked_by(CURIOUS, &curious, Some(&case)), None).await?;
        hold(reply.status == 200, || format!("a look-up is refused with {}", reply.status))?;
    }
    under_review(gateway).await?;
    print(words(
        "为管理人员的页面备好三件应查必查案件：一件已查、一件漏查、一件未办结；以及一名经办人待复核的可疑查询。\n",
        "For the officers' pages: three cases that must be checked, one looked up, one missed, one not decided; and suspicious queries of one member of staff, which wait for a reviewer.\n",
    ));
    Ok(())
}

/// Waits until something waits for a reviewer.
async fn under_review(gateway: &Arc<Gateway>) -> Result<(), TourError> {
    for _ in 0..LOOKS {
        drop(watch_reviews(gateway).await);
        let shared = Arc::clone(gateway);
        let look = move || drawn(&shared, |reviews| !reviews.cases().is_empty()).unwrap_or(false);
        if tokio::task::spawn_blocking(look).await.unwrap_or(false) {
            return Ok(());
        }
        tokio::time::sleep(LOOK).await;
    }
    Err(TourError::Unexpected("nothing that is suspicious waits for a reviewer".to_owned()))
}

impl Tour<'_> {
    /// The housing department reports a case as opened or decided today.
    async fn case(&self, case: &str, person: &Personal<String>, state: &str) -> Result<(), TourError> {
        let path = if state == "opened" { "/v1/cases" } else { "/v1/cases/decisions" };
        let today = self.gateway.today().to_string();
        let body = person.disclose(|number| {
            json!({"case": case, "scenario": SCENARIO, "subject": number, "operator": "desk-0001", state: today})
        });
        let reply = self.housing.post(path, &body.to_string(), None).await?;
        hold(reply.status == 200, || format!("a case is not {state}: {}", reply.status))
    }
}
