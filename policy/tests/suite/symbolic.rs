//! The statutes over every request and every row that the schema allows, not only those of a catalogue: Cedar's symbolic
//! compiler puts each question to the solver cvc5.
//!
//! What each statute must hold is written here once more, the other way round: as the only requests that it leaves.

use std::str::FromStr;

use cedar_policy::{PolicySet, RequestEnv, Schema};
use cedar_policy_symcc::{CedarSymCompiler, CompiledPolicy, CompiledPolicySet, solver::LocalSolver};
use credit_policy::catalogue::shipped;

use crate::statutes::WEAKER;

/// Statute, action, and what it leaves of the requests of that action.
const LEFT: &[(&str, &str, &str)] = &[
    ("suspended-never", "query", "!context.suspended"),
    ("adults-only", "query", "context.adult"),
    (
        "statute-only-to-listed-organs",
        "query",
        r#"resource.ground != Ground::"statute" || (context.case && (principal in Asker::"approving-department" || principal in Asker::"clearing-desk" || principal in Asker::"court" ||
            principal in Asker::"credit-supervisor" || principal in Asker::"housing-department" || principal in Asker::"industry-department" ||
            principal in Asker::"market-regulator" || principal in Asker::"measures-department" || principal in Asker::"personnel-department" ||
            principal in Asker::"police" || principal in Asker::"school" || principal in Asker::"settlement-office" ||
            principal in Asker::"social-security-department"))"#,
    ),
    (
        "consent-within-maxima",
        "query",
        r#"resource.ground != Ground::"consent" || (context has consent && context has maxima &&
            !(context.maxima.lifetime < context.consent.lifetime || context.maxima.uses < context.consent.uses ||
              context.maxima.frequency < context.consent.frequency || context.maxima.look_back < context.consent.look_back ||
              context.maxima.data_life < context.consent.data_life))"#,
    ),
    (
        "identity-only-to-the-person",
        "query",
        r#"resource.disclosure != Disclosure::"whole" || principal == Asker::"person""#,
    ),
    (
        "identity-only-to-the-person",
        "release",
        r#"!resource.sensitivities.contains(Sensitivity::"identity") || principal == Asker::"person" ||
            (resource.shape == Shape::"masked" && context.scenario.disclosure == Disclosure::"masked")"#,
    ),
    (
        "public-only-masked-by-statute",
        "query",
        r#"(principal != Asker::"public" && resource.ground != Ground::"public") ||
            (resource == Scenario::"public-disclosure" && resource.disclosure == Disclosure::"masked")"#,
    ),
    (
        "public-only-masked-by-statute",
        "release",
        r#"(principal != Asker::"public" && context.scenario.ground != Ground::"public") ||
            resource.shape == Shape::"masked" || resource.shape == Shape::"yes-no""#,
    ),
    (
        "only-on-a-ground",
        "release",
        r#"[Ground::"consent", Ground::"self"].contains(context.scenario.ground) ||
            context.scenario.grounded.contains(resource)"#,
    ),
    (
        "score-never-for-restraint",
        "release",
        r#"!context.scenario.restraint || (!resource.sensitivities.contains(Sensitivity::"evaluation") &&
            (resource.origin == Origin::"entry" || resource.shape == Shape::"masked"))"#,
    ),
    (
        "score-never-for-basic-services",
        "release",
        r#"!context.scenario.basic_public_service || (!resource.sensitivities.contains(Sensitivity::"evaluation") &&
            (resource.origin == Origin::"entry" || resource.shape == Shape::"masked"))"#,
    ),
    (
        "second-tier-by-consent",
        "release",
        r#"resource.tier == Tier::"first" || principal == Asker::"person" ||
            (context.scenario.ground == Ground::"consent" && context has named && context.named.contains(resource))"#,
    ),
    ("yes-no-releases-no-record", "release", r#"!context.scenario.yes_no_only || resource.shape == Shape::"yes-no""#),
    (
        "expired-or-repaired-never",
        "tell",
        r#"![Standing::"expired", Standing::"repaired"].contains(context.standing) || principal == Asker::"person""#,
    ),
    ("confidential-source-never", "collect", CONFIDENTIAL),
    ("confidential-source-never", "release", CONFIDENTIAL),
    ("confidential-source-never", "tell", CONFIDENTIAL),
    ("forbidden-classes-never", "collect", FORBIDDEN),
    ("forbidden-classes-never", "release", FORBIDDEN),
    ("forbidden-classes-never", "tell", FORBIDDEN),
    ("sealed-records-never", "collect", SEALED),
    ("sealed-records-never", "release", SEALED),
    (
        "sealed-records-never",
        "tell",
        r#"!(resource in [Class::"juvenile-offence", Class::"public-security-penalty"]) &&
            ![Standing::"sealed"].contains(context.standing)"#,
    ),
    ("kept-out-penalties-never", "tell", r#"![Standing::"kept-out"].contains(context.standing)"#),
    ("rows-only-stricter", "query", ROWS),
    ("classes-only-stricter", "collect", CLASSES),
    ("lending-data-by-consent", "release", PUBLIC_CREDIT),
];

const CONFIDENTIAL: &str = r#"!(resource in Class::"confidential-source")"#;
const FORBIDDEN: &str = r#"!(resource in Class::"blood-type") && !(resource in Class::"disease") &&
    !(resource in Class::"fingerprints") && !(resource in Class::"genes") && !(resource in Class::"medical-history") &&
    !(resource in Class::"religion")"#;

const SEALED: &str = r#"!(resource in Class::"juvenile-offence") && !(resource in Class::"public-security-penalty")"#;
const ROWS: &str = r#"(resource.restraint || ([ Scenario::"commercial-insurance", Scenario::"commercial-loan",
            Scenario::"credit-bureau-supply", Scenario::"employment", Scenario::"household-service-hiring",
            Scenario::"loan-facilitation", Scenario::"matchmaking", Scenario::"online-shopping", Scenario::"rental",
            Scenario::"wealth-management" ].contains(resource) && resource.ground == Ground::"consent" &&
            principal in [Asker::"bank", Asker::"credit-bureau", Asker::"employer", Asker::"insurer",
            Asker::"platform"]) || [ Scenario::"administrative-confirmation",
            Scenario::"administrative-filing", Scenario::"administrative-licence", Scenario::"clinic-visit",
            Scenario::"commendation", Scenario::"culture-sport-tourism", Scenario::"household-registration",
            Scenario::"joint-incentive", Scenario::"library-borrowing", Scenario::"points-based-settlement",
            Scenario::"public-rental-housing", Scenario::"public-transport", Scenario::"scholarship-award",
            Scenario::"social-security-service", Scenario::"student-admission", Scenario::"subsidy-application",
            Scenario::"supervision-inspection", Scenario::"tax-relief", Scenario::"utilities",
            Scenario::"volunteer-star" ].contains(resource) || (resource == Scenario::"self-query" &&
            resource.ground == Ground::"self" && principal == Asker::"person")) && (resource.basic_public_service ||
            ([ Scenario::"commercial-insurance", Scenario::"commercial-loan", Scenario::"credit-bureau-supply",
            Scenario::"employment", Scenario::"household-service-hiring", Scenario::"loan-facilitation",
            Scenario::"matchmaking", Scenario::"online-shopping", Scenario::"rental", Scenario::"wealth-management"
            ].contains(resource) && resource.ground == Ground::"consent" && principal in [Asker::"bank", Asker::"credit-bureau",
            Asker::"employer", Asker::"insurer", Asker::"platform"]) || ([
            Scenario::"administrative-confirmation", Scenario::"administrative-filing",
            Scenario::"administrative-licence", Scenario::"cadre-selection", Scenario::"commendation",
            Scenario::"company-officer", Scenario::"industry-association-member", Scenario::"joint-incentive",
            Scenario::"joint-restraint", Scenario::"personnel-examination", Scenario::"professional-title",
            Scenario::"public-disclosure", Scenario::"restricted-consumption", Scenario::"special-industry-entry",
            Scenario::"supervision-inspection", Scenario::"tax-relief" ].contains(resource) && !(principal in [
            Asker::"housing-department", Asker::"police", Asker::"school", Asker::"service-operator",
            Asker::"settlement-office", Asker::"social-security-department" ])) || (resource ==
            Scenario::"self-query" && resource.ground == Ground::"self" && principal == Asker::"person")) &&
            (resource.yes_no_only || ([ Scenario::"commercial-insurance", Scenario::"commercial-loan",
            Scenario::"credit-bureau-supply", Scenario::"employment", Scenario::"household-service-hiring",
            Scenario::"loan-facilitation", Scenario::"matchmaking", Scenario::"online-shopping",
            Scenario::"wealth-management" ].contains(resource) && resource.ground == Ground::"consent" &&
            principal in [Asker::"bank", Asker::"credit-bureau", Asker::"employer", Asker::"insurer",
            Asker::"platform"]) || resource == Scenario::"public-disclosure" || (resource ==
            Scenario::"self-query" && resource.ground == Ground::"self" && principal == Asker::"person"))"#;
const CLASSES: &str = r#"(resource.holds == Holding::"nothing" || resource.sensitivity == Sensitivity::"adverse" ||
            resource.holds == Holding::"attributes" || [Class::"administrative-licence", Class::"charity-donation",
            Class::"commendation", Class::"credit-commitment", Class::"qualification", Class::"red-list",
            Class::"volunteer-service"].contains(resource)) && (resource.holds != Holding::"attributes" ||
            resource.sensitivity == Sensitivity::"evaluation" || (resource.sensitivity != Sensitivity::"adverse" &&
            [Class::"commercial-insurance", Class::"identity", Class::"income-and-assets",
            Class::"loan-performance", Class::"objection-and-repair", Class::"personal-circumstances",
            Class::"securities", Class::"tax-amount"].contains(resource))) && (resource != Class::"identity" ||
            resource.sensitivity == Sensitivity::"identity") && (resource.tier == Tier::"second" ||
            ![Class::"commercial-insurance", Class::"income-and-assets", Class::"securities",
            Class::"tax-amount"].contains(resource))"#;
const PUBLIC_CREDIT: &str = r#"([Ground::"consent", Ground::"self"].contains(context.scenario.ground) && !context.scenario.restraint &&
            !context.scenario.basic_public_service) || ([Class::"academic-misconduct",
            Class::"administrative-licence", Class::"administrative-penalty", Class::"black-list",
            Class::"charity-donation", Class::"commendation", Class::"consumption-restriction",
            Class::"contract-fraud", Class::"court-judgment",
            Class::"credit-commitment", Class::"exam-cheating", Class::"grey-list", Class::"identity",
            Class::"qualification", Class::"red-list", Class::"safety", Class::"social-insurance",
            Class::"student-loan", Class::"tax", Class::"traffic-violation", Class::"volunteer-service",
            Class::"pending-penalty", Class::"remedied-penalty", Class::"summary-penalty", Class::"wage-arrears"].containsAll(resource.classes) && ([Ground::"consent",
            Ground::"self"].contains(context.scenario.ground) || resource.origin == Origin::"entry" ||
            (resource.shape == Shape::"masked" && resource.classes == [Class::"identity"])))"#;

struct Symbolic {
    schema: Schema,
    compiler: CedarSymCompiler<LocalSolver>,
}

impl Symbolic {
    fn new() -> Self {
        let (schema, _) = Schema::from_cedarschema_str(&text("statutes/schema.cedarschema")).unwrap();
        let solver = LocalSolver::cvc5().expect("the solver `cvc5`: run tests/run, which installs it");
        Self { schema, compiler: CedarSymCompiler::new(solver).unwrap() }
    }

    fn environments(&self, action: &str) -> Vec<RequestEnv> {
        let wanted = format!("Action::\"{action}\"");
        let found: Vec<_> = self.schema.request_envs().filter(|env| env.action().to_string() == wanted).collect();
        assert!(!found.is_empty(), "{action}");
        found
    }

    /// Whether whatever these policies allow of an action is among what is left; if not, a request that is not.
    async fn leaves(&mut self, policies: &str, action: &str, left: &str) -> Option<String> {
        let policies = PolicySet::from_str(policies).unwrap();
        let left = PolicySet::from_str(&format!("permit (principal, action, resource) when {{ {left} }};")).unwrap();
        for env in self.environments(action) {
            let compile = |set: &PolicySet| CompiledPolicySet::compile(set, &env, &self.schema).unwrap();
            let (policies, left) = (compile(&policies), compile(&left));
            let found = self.compiler.check_implies_with_counterexample_opt(&policies, &left).await.unwrap();
            if let Some(found) = found {
                return Some(found.request.to_string());
            }
        }
        None
    }
}

fn text(path: &str) -> String {
    shipped().into_iter().find(|(other, _)| other == path).unwrap().1
}

/// One statute alone over everything permitted: what it does not forbid by itself is not forbidden.
fn alone(statute: &str) -> String {
    format!("permit (principal, action, resource);\n{statute}")
}

fn run<R>(future: impl Future<Output = R>) -> R {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

#[test]
fn every_statute_holds_for_every_request_that_the_schema_allows() {
    run(async {
        let mut symbolic = Symbolic::new();
        for (statute, action, left) in LEFT {
            let own = alone(&text(&format!("statutes/{statute}.cedar")));
            let found = symbolic.leaves(&own, action, left).await;
            assert_eq!(found, None, "{statute} does not hold for {action}");
        }
        let named: std::collections::BTreeSet<_> = LEFT.iter().map(|(statute, ..)| *statute).collect();
        assert_eq!(named.len(), 19, "each statute has its claim");
    });
}

/// A policy that cannot be evaluated is left out, and a statute that is left out forbids nothing.
#[test]
fn no_policy_errs_on_any_request_that_the_schema_allows() {
    run(async {
        let mut symbolic = Symbolic::new();
        let mut asked = 0;
        for (path, text) in shipped().into_iter().filter(|(path, _)| path.ends_with(".cedar")) {
            for policy in PolicySet::from_str(&text).unwrap().policies() {
                for env in symbolic.schema.request_envs().collect::<Vec<_>>() {
                    let compiled = CompiledPolicy::compile(policy, &env, &symbolic.schema).unwrap();
                    assert!(symbolic.compiler.check_never_errors_opt(&compiled).await.unwrap(), "{path}");
                    asked += 1;
                }
            }
        }
        assert!(asked > 60, "{asked}");
        // A sum may overflow, and then the statute would be left out.
        let errs = r#"forbid (principal, action == Action::"query", resource)
            when { context has consent && context.consent.uses + 1 > 5 };"#;
        let policies = PolicySet::from_str(errs).unwrap();
        let env = symbolic.environments("query").remove(0);
        let compiled = CompiledPolicy::compile(policies.policies().next().unwrap(), &env, &symbolic.schema).unwrap();
        assert!(!symbolic.compiler.check_never_errors_opt(&compiled).await.unwrap());
    });
}

#[test]
fn a_statute_that_forbids_less_is_found_with_a_request() {
    run(async {
        let mut symbolic = Symbolic::new();
        for (statute, old, new) in WEAKER {
            let own = text(&format!("statutes/{statute}.cedar"));
            assert_eq!(own.matches(old).count(), 1, "{statute}: {old}");
            let own = alone(&own.replace(old, new));
            let mut found = None;
            for (_, action, left) in LEFT.iter().filter(|(other, ..)| other == statute) {
                found = found.or(symbolic.leaves(&own, action, left).await);
            }
            assert!(found.is_some(), "{statute}: `{new}` was not found");
        }
    });
}
