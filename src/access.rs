//! Who may do what: callers, their roles, and the one table of rights. Nothing here does I/O.

use std::sync::Arc;

use uuid::Uuid;

/// What a caller stands for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Runs the program: may do everything.
    Administrator,
    /// Works for the program: all data, but no keys and no editions.
    ProgramStaff,
    /// A system that records facts, by the name of the integration.
    Integrator(Arc<str>),
    /// A partner, by its key.
    Partner(Uuid),
    /// A professional, by key.
    Professional(Uuid),
}

/// The names of the roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RoleName {
    /// Runs the program: may do everything.
    Administrator,
    /// Works for the program: all data, but no keys and no editions.
    ProgramStaff,
    /// A system that records facts.
    Integrator,
    /// A partner.
    Partner,
    /// A professional.
    Professional,
}

impl RoleName {
    /// All of them, in the order of the table of rights.
    pub const ALL: [Self; 5] =
        [Self::Administrator, Self::ProgramStaff, Self::Integrator, Self::Partner, Self::Professional];

    /// The name as it is stored and sent.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Administrator => "ADMINISTRATOR",
            Self::ProgramStaff => "PROGRAM_STAFF",
            Self::Integrator => "INTEGRATOR",
            Self::Partner => "PARTNER",
            Self::Professional => "PROFESSIONAL",
        }
    }

    /// The role of exactly this name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }
}

impl Role {
    /// The name of the role.
    #[must_use]
    pub fn name(&self) -> RoleName {
        match self {
            Self::Administrator => RoleName::Administrator,
            Self::ProgramStaff => RoleName::ProgramStaff,
            Self::Integrator(_) => RoleName::Integrator,
            Self::Partner(_) => RoleName::Partner,
            Self::Professional(_) => RoleName::Professional,
        }
    }

    /// Whether the caller works for the program: its word is a review.
    #[must_use]
    pub fn is_staff(&self) -> bool {
        matches!(self, Self::Administrator | Self::ProgramStaff)
    }
}

/// Who acts: the name that the audit log keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// The program itself, on the command line.
    System(&'static str),
    /// Whoever has the key of the settings.
    BootstrapKey,
    /// Whoever has an API key.
    Key {
        /// Id of the key.
        id: Uuid,
        /// Its label.
        label: Arc<str>,
    },
    /// The subject of a token.
    Token(Arc<str>),
}

impl Actor {
    /// The name in the audit log.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::System(name) => format!("system:{name}"),
            Self::BootstrapKey => "bootstrap".to_owned(),
            Self::Key { id, .. } => format!("key:{id}"),
            Self::Token(subject) => format!("token:{subject}"),
        }
    }

    /// What people call the credentials: the label of the key, or the subject of the token.
    #[must_use]
    pub fn label(&self) -> &str {
        match self {
            Self::System(name) => name,
            Self::BootstrapKey => "bootstrap",
            Self::Key { label, .. } => label,
            Self::Token(subject) => subject,
        }
    }
}

/// What credentials may do less than their role.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// The only sources that activities may be recorded for; none means every one.
    pub sources: Option<Vec<String>>,
    /// Whether nothing may be changed.
    pub read_only: bool,
}

/// Who is asking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Who acts.
    pub actor: Actor,
    /// What the caller stands for.
    pub role: Role,
    /// What the credentials may do less than their role.
    pub limits: Limits,
}

impl Caller {
    /// The program itself: the command line and what it runs.
    #[must_use]
    pub fn system(name: &'static str) -> Self {
        Self { actor: Actor::System(name), role: Role::Administrator, limits: Limits::default() }
    }

    /// Whether activities of a source may be recorded.
    #[must_use]
    pub fn records_for(&self, source: &str) -> bool {
        self.limits.sources.as_ref().is_none_or(|sources| sources.iter().any(|known| known == source))
    }
}

/// How far a right goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Grant {
    /// To every object.
    Everything,
    /// To the caller's own objects; the others do not exist for it.
    Own,
    /// To none.
    Nothing,
}

/// How far a right of a caller goes. Every use case asks this before anything else.
#[must_use]
pub fn may(caller: &Caller, operation: Operation) -> Grant {
    if caller.limits.read_only && operation.is_change() {
        return Grant::Nothing;
    }
    operation.rights()[caller.role.name() as usize]
}

/// Declares the operations with the rights of each role.
macro_rules! rights {
    (
        reads { $($(#[$read_doc:meta])+ $read:ident $read_name:literal [$($read_grant:ident)+])+ }
        changes { $($(#[$doc:meta])+ $change:ident $name:literal [$($grant:ident)+])+ }
    ) => {
        /// What can be asked of the services.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Operation {
            $($(#[$read_doc])+ $read,)+
            $($(#[$doc])+ $change,)+
        }

        impl Operation {
            /// All of them, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$read,)+ $(Self::$change),+];

            /// The name, as the audit log keeps it.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$read => $read_name,)+
                    $(Self::$change => $name),+
                }
            }

            /// Whether something may change by it.
            #[must_use]
            pub fn is_change(self) -> bool {
                match self {
                    $(Self::$read)|+ => false,
                    $(Self::$change)|+ => true,
                }
            }

            /// The right of each role, in the order of [`RoleName::ALL`].
            fn rights(self) -> [Grant; 5] {
                match self {
                    $(Self::$read => [$(Grant::$read_grant),+],)+
                    $(Self::$change => [$(Grant::$grant),+]),+
                }
            }
        }
    };
}

rights! {
    // Columns:                     administrator program staff integrator partner professional
    reads {
        /// Who is asking.
        Viewer "viewer"                [Everything Everything Everything Everything Everything]
        /// The policy.
        Edition "edition"              [Everything Everything Everything Everything Everything]
        /// A partner: its code, name and first day.
        Partner "partner"              [Everything Everything Nothing Own Nothing]
        /// What a partner earned, holds, sells and buys, and who works for it.
        PartnerAccount "partner account" [Everything Everything Nothing Own Nothing]
        /// An entry of a partner's ledger.
        LedgerEntry "ledger entry"     [Everything Everything Nothing Own Nothing]
        /// A professional: code, name and day of sign-up. A partner's own ones are those who work or worked for it.
        Professional "professional"    [Everything Everything Nothing Own Own]
        /// A professional's address for mail.
        ProfessionalContact "contact"  [Everything Everything Nothing Nothing Own]
        /// A professional's points, levels and Dojo Credits.
        ProfessionalPoints "points"    [Everything Everything Nothing Own Own]
        /// An activity. An integrator's own ones are those that it recorded.
        Activity "activity"            [Everything Everything Own Own Own]
        /// The products and their prices.
        Product "product"              [Everything Everything Nothing Everything Nothing]
        /// What an order would cost.
        Quote "quote"                  [Everything Everything Nothing Own Nothing]
        /// An order.
        Order "order"                  [Everything Everything Nothing Own Nothing]
        /// A deal. An integrator's own ones are those that it registered.
        Deal "deal"                    [Everything Everything Own Own Nothing]
        /// The Swag Shop.
        SwagItem "swagItem"            [Everything Everything Nothing Nothing Everything]
        /// An order from the Swag Shop.
        SwagOrder "swagOrder"          [Everything Everything Nothing Nothing Own]
        /// What happened, in order. A partner's own events are about it and those who work for it.
        Events "events"                [Everything Everything Own Own Own]
        /// The endpoints of webhooks with their deliveries, without their secrets.
        WebhookEndpoints "webhookEndpoints" [Everything Everything Nothing Nothing Nothing]
        /// The API keys, without their secrets.
        ApiKeys "apiKeys"              [Everything Nothing Nothing Nothing Nothing]
        /// The audit log.
        AuditLog "auditLog"            [Everything Nothing Nothing Nothing Nothing]
        /// Folding the whole log again.
        Verify "verify"                [Everything Nothing Nothing Nothing Nothing]
    }
    changes {
        /// Enrols a partner.
        CreatePartner "createPartner"  [Everything Everything Nothing Nothing Nothing]
        /// Signs a professional up.
        SignUpProfessional "signUpProfessional" [Everything Everything Nothing Nothing Nothing]
        /// Enters an affiliation.
        AffiliateProfessional "affiliateProfessional" [Everything Everything Nothing Nothing Nothing]
        /// Ends an affiliation.
        EndAffiliation "endAffiliation" [Everything Everything Nothing Nothing Nothing]
        /// Records activities. An integrator records for everybody, and no kind that needs a review.
        RecordActivity "recordActivity" [Everything Everything Everything Nothing Nothing]
        /// Submits a claim. An integrator submits for everybody.
        SubmitActivity "submitActivity" [Everything Everything Everything Nothing Own]
        /// Approves or rejects a claim.
        ReviewActivity "reviewActivity" [Everything Everything Nothing Nothing Nothing]
        /// Voids an activity.
        VoidActivity "voidActivity"    [Everything Everything Nothing Nothing Nothing]
        /// Registers a deal. An integrator registers for every partner.
        RegisterDeal "registerDeal"    [Everything Everything Everything Own Nothing]
        /// Moves a deal on.
        UpdateDeal "updateDeal"        [Everything Everything Own Own Nothing]
        /// Reports what was done for a deal.
        ReportDealActivity "reportDealActivity" [Everything Everything Own Own Nothing]
        /// Closes a deal.
        CloseDeal "closeDeal"          [Everything Everything Own Own Nothing]
        /// Sets a partner's sales target.
        SetSalesTarget "setSalesTarget" [Everything Everything Nothing Nothing Nothing]
        /// Records a contract.
        RecordContract "recordContract" [Everything Everything Nothing Nothing Nothing]
        /// Saves a product.
        SaveProduct "saveProduct"      [Everything Everything Nothing Nothing Nothing]
        /// Places an order.
        PlaceOrder "placeOrder"        [Everything Everything Nothing Own Nothing]
        /// Fulfils an order.
        FulfillOrder "fulfillOrder"    [Everything Everything Nothing Nothing Nothing]
        /// Cancels an order.
        CancelOrder "cancelOrder"      [Everything Everything Nothing Own Nothing]
        /// Saves an item of the Swag Shop.
        SaveSwagItem "saveSwagItem"    [Everything Everything Nothing Nothing Nothing]
        /// Places an order in the Swag Shop.
        PlaceSwagOrder "placeSwagOrder" [Everything Everything Nothing Nothing Own]
        /// Cancels an order of the Swag Shop.
        CancelSwagOrder "cancelSwagOrder" [Everything Everything Nothing Nothing Own]
        /// Tells of levels that lapse and deals that expire by the calendar.
        FollowCalendar "followCalendar" [Everything Nothing Nothing Nothing Nothing]
        /// Creates an endpoint of webhooks.
        CreateWebhookEndpoint "createWebhookEndpoint" [Everything Nothing Nothing Nothing Nothing]
        /// Changes an endpoint of webhooks.
        UpdateWebhookEndpoint "updateWebhookEndpoint" [Everything Nothing Nothing Nothing Nothing]
        /// Deletes an endpoint of webhooks.
        DeleteWebhookEndpoint "deleteWebhookEndpoint" [Everything Nothing Nothing Nothing Nothing]
        /// Turns an endpoint of webhooks on.
        EnableWebhookEndpoint "enableWebhookEndpoint" [Everything Nothing Nothing Nothing Nothing]
        /// Turns an endpoint of webhooks off.
        DisableWebhookEndpoint "disableWebhookEndpoint" [Everything Nothing Nothing Nothing Nothing]
        /// Gives an endpoint of webhooks a new secret.
        RotateWebhookSecret "rotateWebhookSecret" [Everything Nothing Nothing Nothing Nothing]
        /// Sends a test to an endpoint of webhooks.
        SendTestWebhook "sendTestWebhook" [Everything Nothing Nothing Nothing Nothing]
        /// Sends a delivery of a webhook again.
        ResendWebhookDelivery "resendWebhookDelivery" [Everything Nothing Nothing Nothing Nothing]
        /// Sends events to an endpoint of webhooks again.
        ReplayWebhookEvents "replayWebhookEvents" [Everything Nothing Nothing Nothing Nothing]
        /// Sends webhooks, and writes down what came of them.
        SendWebhooks "sendWebhooks" [Everything Nothing Nothing Nothing Nothing]
        /// Publishes an edition.
        PublishEdition "publishEdition" [Everything Nothing Nothing Nothing Nothing]
        /// Creates an API key.
        CreateApiKey "createApiKey"    [Everything Nothing Nothing Nothing Nothing]
        /// Revokes an API key.
        RevokeApiKey "revokeApiKey"    [Everything Nothing Nothing Nothing Nothing]
        /// Erases a professional's personal fields.
        EraseProfessional "eraseProfessional" [Everything Nothing Nothing Nothing Nothing]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(role: Role) -> Caller {
        Caller { actor: Actor::Token("somebody".into()), role, limits: Limits::default() }
    }

    #[test]
    fn the_table_is_read_by_role() {
        let id = Uuid::nil();
        // operation, then the right of each role
        let table = [
            (Operation::Viewer, [Grant::Everything; 5]),
            (Operation::Activity, [Grant::Everything, Grant::Everything, Grant::Own, Grant::Own, Grant::Own]),
            (
                Operation::PublishEdition,
                [Grant::Everything, Grant::Nothing, Grant::Nothing, Grant::Nothing, Grant::Nothing],
            ),
        ];
        let roles = [
            Role::Administrator,
            Role::ProgramStaff,
            Role::Integrator("community".into()),
            Role::Partner(id),
            Role::Professional(id),
        ];
        for (operation, expected) in table {
            assert_eq!(roles.clone().map(|role| may(&caller(role), operation)), expected, "{operation:?}");
        }
    }

    #[test]
    fn a_read_only_caller_changes_nothing() {
        let mut caller = caller(Role::Administrator);
        caller.limits.read_only = true;
        for operation in Operation::ALL {
            let expected = if operation.is_change() { Grant::Nothing } else { Grant::Everything };
            assert_eq!(may(&caller, *operation), expected, "{operation:?}");
        }
    }

    #[test]
    fn roles_go_by_their_exact_names() {
        for role in RoleName::ALL {
            assert_eq!(RoleName::parse(role.as_str()), Some(role));
        }
        for text in ["", "administrator", "ADMINISTRATOR ", "ADMIN"] {
            assert_eq!(RoleName::parse(text), None, "{text}");
        }
    }
}
