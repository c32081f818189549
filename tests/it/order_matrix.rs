//! Purpose, category, level and contract: which discount and which cap hold (PP, Rewards; O2, O3, L2).

use serde_json::json;

use crate::harness::{Backend, Order, TestApp, amount};

both! { every_purpose_category_level_and_contract }

/// Purpose, category, percent of the net amount that credits can pay as the published note has it, then
/// the base discounts of Member, Collaborator and Creator as the edition has them: only licences,
/// usage-based services and support services have one.
#[rustfmt::skip]
const TABLE: [(&str, &str, i64, [i64; 3]); 10] = [
    ("END_CUSTOMER", "LICENSE",              5, [10, 15, 20]),
    ("END_CUSTOMER", "USAGE_BASED_SERVICE",  5, [10, 15, 20]),
    ("END_CUSTOMER", "SUPPORT_SERVICE",      0, [10, 15, 20]),
    ("END_CUSTOMER", "TRAINING",             0, [0, 0, 0]),
    ("END_CUSTOMER", "CERTIFICATION",        0, [0, 0, 0]),
    ("SELF_USE",     "LICENSE",              0, [10, 15, 20]),
    ("SELF_USE",     "USAGE_BASED_SERVICE", 25, [10, 15, 20]),
    ("SELF_USE",     "SUPPORT_SERVICE",      0, [10, 15, 20]),
    ("SELF_USE",     "TRAINING",            50, [0, 0, 0]),
    ("SELF_USE",     "CERTIFICATION",       50, [0, 0, 0]),
];

/// What a contract says of each category: worse than every level, better than every level, or beside it.
const AGREED: [(&str, i64); 5] = [
    ("LICENSE", 5),
    ("USAGE_BASED_SERVICE", 35),
    ("SUPPORT_SERVICE", 0),
    ("TRAINING", 12),
    ("CERTIFICATION", 100),
];

const TODAY: &str = "2026-08-31";

/// Business credits of the year that give each level.
const LEVELS: [(&str, i64); 3] = [("MEMBER", 0), ("COLLABORATOR", 30), ("CREATOR", 80)];

/// How a partner's contract stands to a category that is ordered today.
const CONTRACTS: [&str; 4] = ["none", "governs", "other-categories", "other-days"];

async fn shop(backend: Backend) -> TestApp {
    let app = TestApp::start(backend, TODAY).await;
    for (category, _) in AGREED {
        app.product(category, category, &[("1000.00", "EUR")]).await;
    }
    for (level, credits) in LEVELS {
        for contract in CONTRACTS {
            let code = format!("{level}-{contract}");
            app.partner_with(&code, 20_000).await;
            app.earn(&code, "2026-02-01", credits).await;
        }
        let percents = AGREED.map(|(category, percent)| (category, percent.to_string()));
        let rates: Vec<(&str, &str)> =
            percents.iter().map(|(category, percent)| (*category, percent.as_str())).collect();
        app.contract(&format!("{level}-governs"), "frame", ("2026-08-31", "2026-08-31"), &rates).await;
        let past = format!("{level}-other-days");
        app.contract(&past, "past", ("2026-01-01", "2026-08-30"), &rates).await;
        app.contract(&past, "to come", ("2026-09-01", "2026-12-31"), &rates).await;
    }
    app
}

/// A contract of today for every category but one.
async fn all_but(app: &TestApp, partner: &str, category: &str) {
    let others: Vec<(&str, &str)> =
        AGREED.iter().filter(|(of, _)| *of != category).map(|(of, _)| (*of, "77")).collect();
    app.contract(partner, "others", (TODAY, TODAY), &others).await;
}

async fn every_purpose_category_level_and_contract(backend: Backend) {
    let app = shop(backend).await;
    for (purpose, category, cap, discounts) in TABLE {
        for ((level, _), by_level) in LEVELS.into_iter().zip(discounts) {
            for contract in CONTRACTS {
                let mut partner = format!("{level}-{contract}");
                if contract == "other-categories" {
                    partner = format!("{level}-{purpose}-{category}");
                    app.partner_with(&partner, 20_000).await;
                    let (_, credits) = LEVELS.iter().find(|(of, _)| *of == level).expect("a level");
                    app.earn(&partner, "2026-02-01", *credits).await;
                    all_but(&app, &partner, category).await;
                }
                let governs = contract == "governs";
                let agreed = AGREED.iter().find(|(of, _)| *of == category).expect("a rate").1;
                let percent = if governs { agreed } else { by_level };
                let order = match purpose {
                    "SELF_USE" => Order::self_use(&partner),
                    _ => Order::for_customer(&partner),
                };
                let source = if governs { "CONTRACT" } else { "LEVEL" };
                check(&app, order.line(category, 10), level, (percent, source), cap).await;
            }
        }
    }
}

/// Ten at EUR 1,000.00: quotes them, then redeems all that the cap allows.
async fn check(app: &TestApp, order: Order, level: &str, (percent, source): (i64, &str), cap: i64) {
    let what = format!("{} {level} {source}", order.input());
    let net = 10_000 * (100 - percent) / 100;
    let most = net * cap / 100;
    let quote = app.quoted(&order).await;
    let placed = app.place(&order.credits(most)).await;
    for (priced, redeemed) in [(&quote, 0), (&placed, most)] {
        let line = &priced["lines"][0];
        assert_eq!(priced["level"]["code"], level, "{what}");
        assert_eq!(line["discountPercent"], percent.to_string(), "{what}");
        assert_eq!(line["discountSource"], source, "{what}");
        let reference = if source == "CONTRACT" { json!("frame") } else { json!(null) };
        let found = line["contract"].get("reference").cloned().unwrap_or_default();
        assert_eq!(found, reference, "{what}");
        assert_eq!(line["capPercent"], cap.to_string(), "{what}");
        assert_eq!(priced["maxCredits"], most, "{what}");
        let whole = |amount: i64| format!("{amount}.00");
        for object in [line, priced] {
            let found = ["list", "baseDiscount", "net", "cap", "redeemed", "total"]
                .map(|field| amount(object, field).to_owned());
            let expected = [10_000, 10_000 - net, net, most, redeemed, net - redeemed].map(whole);
            assert_eq!(found, expected, "{what}");
        }
    }
}
