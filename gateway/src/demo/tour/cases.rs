//! Cases that must be checked, as the housing department reports them: one that was looked up, one that was not, one that waits.

use std::path::Path;

use credit_policy::Personal;
use serde_json::json;

use super::{
    asking::{QUERIES, asked},
    cast::Tour,
    failure::{TourError, hold},
};
use crate::{
    demo::{Note, folder},
    gateway::Gateway,
    terminal::{print, words},
};

const SCENARIO: &str = "public-rental-housing";

/// Reports them, so that the officers' pages have something to show.
///
/// # Errors
/// The first thing that is not as it must be.
pub(crate) async fn report(dir: &Path, gateway: &Gateway) -> Result<(), TourError> {
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
    print(words(
        "为管理人员的页面备好三件应查必查案件：一件已查、一件漏查、一件未办结。\n",
        "For the officers' pages: three cases that must be checked, one looked up, one missed, one not decided.\n",
    ));
    Ok(())
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
