//! Role-based access control: callers, roles, and the table that grants operations to roles. No I/O.

use std::sync::Arc;

use uuid::Uuid;

/// The role of a caller, with its subject where it has one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Administers the program: all operations.
    Administrator,
    /// Program staff: all data, but neither API keys nor editions.
    ProgramStaff,
    /// A system that records facts, by the name of the integration.
    Integrator(Arc<str>),
    /// A partner, by id.
    Partner(Uuid),
    /// A professional, by id.
    Professional(Uuid),
}

/// The names of the roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RoleName {
    /// Administers the program: all operations.
    Administrator,
    /// Program staff: all data, but neither API keys nor editions.
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

    /// Whether the caller belongs to the program's staff, whose recording includes the review.
    #[must_use]
    pub fn is_staff(&self) -> bool {
        matches!(self, Self::Administrator | Self::ProgramStaff)
    }
}

/// The credentials that act, as the audit log names them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Actor {
    /// The program itself, on the command line.
    System(&'static str),
    /// The bootstrap key of the configuration.
    BootstrapKey,
    /// An API key.
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

    /// A readable name of the credentials: the label of the key, or the subject of the token.
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

/// Restrictions of credentials, beyond those of the role.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Limits {
    /// Allowlist of sources that activities may be recorded for; none allows every source.
    pub sources: Option<Vec<String>>,
    /// Whether mutations are denied.
    pub read_only: bool,
}

/// The authenticated caller of a use case.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Caller {
    /// The credentials.
    pub actor: Actor,
    /// The role.
    pub role: Role,
    /// Restrictions of the credentials.
    pub limits: Limits,
}

impl Caller {
    /// The program itself: the command line and what it runs.
    #[must_use]
    pub fn system(name: &'static str) -> Self {
        Self { actor: Actor::System(name), role: Role::Administrator, limits: Limits::default() }
    }

    /// Whether the allowlist admits activities of a source.
    #[must_use]
    pub fn may_record_for(&self, source: &str) -> bool {
        self.limits.sources.as_ref().is_none_or(|sources| sources.iter().any(|known| known == source))
    }
}

/// The objects that a right covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Grant {
    /// Every object.
    Everything,
    /// The caller's own objects; all others are indistinguishable from ones that do not exist.
    Own,
    /// None.
    Nothing,
}

/// The right of a caller to an operation. Every use case checks it before anything else.
#[must_use]
pub fn grant_of(caller: &Caller, operation: Operation) -> Grant {
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
        /// An operation of the services, which a role has a right to or not.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Operation {
            $($(#[$read_doc])+ $read,)+
            $($(#[$doc])+ $change,)+
        }

        impl Operation {
            /// All of them, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$read,)+ $(Self::$change),+];

            /// The name in the audit log and in errors.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$read => $read_name,)+
                    $(Self::$change => $name),+
                }
            }

            /// Whether the operation writes.
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
        /// The caller itself.
        Viewer "viewer"                [Everything Everything Everything Everything Everything]
        /// The policy.
        Edition "edition"              [Everything Everything Everything Everything Everything]
        /// A partner: code, name and enrolment date.
        Partner "partner"              [Everything Everything Nothing Own Nothing]
        /// A partner's ledger, balance, standing, deals, orders, sales targets and affiliated professionals.
        PartnerAccount "partner account" [Everything Everything Nothing Own Nothing]
        /// The statement of a partner's account for a period.
        Statement "statement"          [Everything Everything Nothing Own Nothing]
        /// An entry of a partner's ledger.
        LedgerEntry "ledger entry"     [Everything Everything Nothing Own Nothing]
        /// A professional: code, name and sign-up date. A partner's own ones are those affiliated with it now or before.
        Professional "professional"    [Everything Everything Nothing Own Own]
        /// A professional's e-mail address.
        ProfessionalContact "contact"  [Everything Everything Nothing Nothing Own]
        /// A professional's points, levels and Dojo Credits.
        ProfessionalPoints "points"    [Everything Everything Nothing Own Own]
        /// An affiliation. A partner's own ones have begun and stand.
        Affiliation "affiliation"      [Everything Everything Nothing Own Own]
        /// An activity. An integrator's own ones are those that it recorded.
        Activity "activity"            [Everything Everything Own Own Own]
        /// A certificate of a level. A partner's own ones are its own, and those of professionals who work for it today.
        Certificate "certificate"      [Everything Everything Nothing Own Own]
        /// The products and their prices.
        Product "product"              [Everything Everything Nothing Everything Nothing]
        /// The price of an order that is not placed.
        Quote "quote"                  [Everything Everything Nothing Own Nothing]
        /// An order.
        Order "order"                  [Everything Everything Nothing Own Nothing]
        /// A deal. An integrator's own ones are those that it registered.
        Deal "deal"                    [Everything Everything Own Own Nothing]
        /// The end customers of all deals and orders.
        Customers "customers"          [Everything Everything Nothing Nothing Nothing]
        /// The Swag Shop.
        SwagItem "swagItem"            [Everything Everything Nothing Nothing Everything]
        /// An order from the Swag Shop.
        SwagOrder "swagOrder"          [Everything Everything Nothing Nothing Own]
        /// The event feed. A partner's own events concern itself and the professionals affiliated with it.
        Events "events"                [Everything Everything Own Own Own]
        /// Webhook endpoints and their deliveries, without secrets.
        WebhookEndpoints "webhookEndpoints" [Everything Everything Nothing Nothing Nothing]
        /// The API keys, without their secrets.
        ApiKeys "apiKeys"              [Everything Nothing Nothing Nothing Nothing]
        /// The audit log, but for entries of API keys and editions.
        AuditLog "auditLog"            [Everything Everything Nothing Nothing Nothing]
        /// Entries of API keys and editions in the audit log.
        AdministrativeAuditLog "administrative audit log" [Everything Nothing Nothing Nothing Nothing]
        /// Imports of files and the rows that they refused. An integrator's own ones are those that it began.
        ImportRuns "importRuns"        [Everything Everything Own Nothing Nothing]
        /// Drafts of editions, with their checks.
        EditionDrafts "editionDrafts"  [Everything Nothing Nothing Nothing Nothing]
        /// Trying the document of an edition on the whole log, which keeps nothing but the result.
        TryEdition "tryEdition"        [Everything Nothing Nothing Nothing Nothing]
        /// Checking the document of an edition.
        CheckEdition "checkEdition"    [Everything Nothing Nothing Nothing Nothing]
        /// Recalculations with their plans.
        Recalculations "recalculations" [Everything Nothing Nothing Nothing Nothing]
        /// Sums over the whole program.
        ProgramReport "programReport"  [Everything Everything Nothing Nothing Nothing]
        /// The sandboxes of the process.
        Sandboxes "sandboxes"          [Everything Nothing Nothing Nothing Nothing]
        /// Replaying the log and comparing ledger and projections with it.
        Verify "verify"                [Everything Nothing Nothing Nothing Nothing]
    }
    changes {
        /// Enrols a partner.
        CreatePartner "createPartner"  [Everything Everything Nothing Nothing Nothing]
        /// Signs a professional up.
        SignUpProfessional "signUpProfessional" [Everything Everything Nothing Nothing Nothing]
        /// Changes a partner's name or day of enrolment.
        UpdatePartner "updatePartner"  [Everything Everything Nothing Nothing Nothing]
        /// Changes a professional's name, address or day of sign-up.
        UpdateProfessional "updateProfessional" [Everything Everything Nothing Nothing Nothing]
        /// Ends a partner's participation, or takes the end back.
        EndPartnership "endPartnership" [Everything Everything Nothing Nothing Nothing]
        /// Ends a professional's participation, or takes the end back.
        EndMembership "endMembership"  [Everything Everything Nothing Nothing Nothing]
        /// Merges a partner into another one.
        MergePartners "mergePartners" [Everything Everything Nothing Nothing Nothing]
        /// Merges a professional into another one.
        MergeProfessionals "mergeProfessionals" [Everything Everything Nothing Nothing Nothing]
        /// Sets a level for a period.
        OverrideLevel "overrideLevel"  [Everything Everything Nothing Nothing Nothing]
        /// Ends an override of a level.
        EndOverride "endOverride"      [Everything Everything Nothing Nothing Nothing]
        /// Issues a certificate of a level that is held today.
        IssueCertificate "issueCertificate" [Everything Everything Nothing Own Own]
        /// Affiliates a professional with a partner.
        AffiliateProfessional "affiliateProfessional" [Everything Everything Nothing Nothing Nothing]
        /// Ends an affiliation.
        EndAffiliation "endAffiliation" [Everything Everything Nothing Nothing Nothing]
        /// Puts another affiliation in the place of one that was entered wrongly.
        CorrectAffiliation "correctAffiliation" [Everything Everything Nothing Nothing Nothing]
        /// Voids an affiliation.
        VoidAffiliation "voidAffiliation" [Everything Everything Nothing Nothing Nothing]
        /// Records activities. An integrator records for all subjects, but no kind that requires a review.
        RecordActivity "recordActivity" [Everything Everything Everything Nothing Nothing]
        /// Submits a claim. An integrator submits for all subjects, a partner for itself and the kinds that it may claim.
        SubmitActivity "submitActivity" [Everything Everything Everything Own Own]
        /// Approves or rejects a claim.
        ReviewActivity "reviewActivity" [Everything Everything Nothing Nothing Nothing]
        /// Voids an activity.
        VoidActivity "voidActivity"    [Everything Everything Nothing Nothing Nothing]
        /// Imports a file, which begins and ends a run, and changes names and addresses.
        Import "import"                [Everything Everything Nothing Nothing Nothing]
        /// Registers a deal. An integrator registers for all partners.
        RegisterDeal "registerDeal"    [Everything Everything Everything Own Nothing]
        /// Changes the status or the description of a deal.
        UpdateDeal "updateDeal"        [Everything Everything Own Own Nothing]
        /// Reports an activity for a deal.
        ReportDealActivity "reportDealActivity" [Everything Everything Own Own Nothing]
        /// Closes a deal. Who is not of the program's staff reports a win, where the edition has it approved.
        CloseDeal "closeDeal"          [Everything Everything Own Own Nothing]
        /// Approves or rejects a win that was reported.
        ReviewDeal "reviewDeal"        [Everything Everything Nothing Nothing Nothing]
        /// Reopens a closed deal.
        ReopenDeal "reopenDeal"        [Everything Everything Nothing Nothing Nothing]
        /// Withdraws a deal.
        WithdrawDeal "withdrawDeal"    [Everything Everything Own Own Nothing]
        /// Joins two customers that are one.
        JoinCustomers "joinCustomers"  [Everything Everything Nothing Nothing Nothing]
        /// Separates names of a customer.
        SeparateCustomers "separateCustomers" [Everything Everything Nothing Nothing Nothing]
        /// Sets a partner's sales target.
        SetSalesTarget "setSalesTarget" [Everything Everything Nothing Nothing Nothing]
        /// Records a contract.
        RecordContract "recordContract" [Everything Everything Nothing Nothing Nothing]
        /// Sets another last day for a contract.
        EndContract "endContract"      [Everything Everything Nothing Nothing Nothing]
        /// Voids a contract.
        VoidContract "voidContract"    [Everything Everything Nothing Nothing Nothing]
        /// Creates or replaces a product.
        SaveProduct "saveProduct"      [Everything Everything Nothing Nothing Nothing]
        /// Places an order.
        PlaceOrder "placeOrder"        [Everything Everything Nothing Own Nothing]
        /// Fulfils an order.
        FulfillOrder "fulfillOrder"    [Everything Everything Nothing Nothing Nothing]
        /// Cancels an order.
        CancelOrder "cancelOrder"      [Everything Everything Nothing Own Nothing]
        /// Saves a quote.
        SaveQuote "saveQuote"          [Everything Everything Nothing Own Nothing]
        /// Withdraws a saved quote.
        WithdrawQuote "withdrawQuote"  [Everything Everything Nothing Own Nothing]
        /// Records that a fulfilled order came back.
        ReturnOrder "returnOrder"      [Everything Everything Nothing Nothing Nothing]
        /// Creates or replaces an item of the Swag Shop.
        SaveSwagItem "saveSwagItem"    [Everything Everything Nothing Nothing Nothing]
        /// Places an order in the Swag Shop.
        PlaceSwagOrder "placeSwagOrder" [Everything Everything Nothing Nothing Own]
        /// Cancels an order of the Swag Shop.
        CancelSwagOrder "cancelSwagOrder" [Everything Everything Nothing Nothing Own]
        /// Records that an order of the Swag Shop was shipped.
        FulfillSwagOrder "fulfillSwagOrder" [Everything Everything Nothing Nothing Nothing]
        /// Emits time-based events, such as expired deals, and deletes events after their retention.
        MaintainEventFeed "maintainEventFeed" [Everything Nothing Nothing Nothing Nothing]
        /// Computes stored values that an earlier release did not have.
        MaintainStoredValues "maintainStoredValues" [Everything Nothing Nothing Nothing Nothing]
        /// Creates a webhook endpoint.
        CreateWebhookEndpoint "createWebhookEndpoint" [Everything Nothing Nothing Nothing Nothing]
        /// Updates a webhook endpoint.
        UpdateWebhookEndpoint "updateWebhookEndpoint" [Everything Nothing Nothing Nothing Nothing]
        /// Deletes a webhook endpoint.
        DeleteWebhookEndpoint "deleteWebhookEndpoint" [Everything Nothing Nothing Nothing Nothing]
        /// Enables a webhook endpoint.
        EnableWebhookEndpoint "enableWebhookEndpoint" [Everything Nothing Nothing Nothing Nothing]
        /// Disables a webhook endpoint.
        DisableWebhookEndpoint "disableWebhookEndpoint" [Everything Nothing Nothing Nothing Nothing]
        /// Rotates the secret of a webhook endpoint.
        RotateWebhookSecret "rotateWebhookSecret" [Everything Nothing Nothing Nothing Nothing]
        /// Sends a test message to a webhook endpoint.
        SendTestWebhook "sendTestWebhook" [Everything Nothing Nothing Nothing Nothing]
        /// Resends a webhook delivery.
        ResendWebhookDelivery "resendWebhookDelivery" [Everything Nothing Nothing Nothing Nothing]
        /// Replays events to a webhook endpoint.
        ReplayWebhookEvents "replayWebhookEvents" [Everything Nothing Nothing Nothing Nothing]
        /// Sends webhook deliveries and records their attempts.
        SendWebhooks "sendWebhooks" [Everything Nothing Nothing Nothing Nothing]
        /// Saves a draft of an edition.
        SaveEditionDraft "saveEditionDraft" [Everything Nothing Nothing Nothing Nothing]
        /// Approves a draft of an edition.
        ApproveEditionDraft "approveEditionDraft" [Everything Nothing Nothing Nothing Nothing]
        /// Withdraws a draft of an edition.
        WithdrawEditionDraft "withdrawEditionDraft" [Everything Nothing Nothing Nothing Nothing]
        /// Cancels a trial of an edition.
        CancelTrial "cancelTrial"      [Everything Nothing Nothing Nothing Nothing]
        /// Publishes an edition.
        PublishEdition "publishEdition" [Everything Nothing Nothing Nothing Nothing]
        /// Plans a recalculation.
        PlanRecalculation "planRecalculation" [Everything Nothing Nothing Nothing Nothing]
        /// Applies a recalculation.
        ApplyRecalculation "applyRecalculation" [Everything Nothing Nothing Nothing Nothing]
        /// Reverts a recalculation.
        RevertRecalculation "revertRecalculation" [Everything Nothing Nothing Nothing Nothing]
        /// Recalculates the subjects of a recalculation that was applied or reverted.
        RecalculateSubjects "recalculateSubjects" [Everything Nothing Nothing Nothing Nothing]
        /// Creates a sandbox, a copy of the program.
        CreateSandbox "createSandbox"  [Everything Nothing Nothing Nothing Nothing]
        /// Moves the clock of a sandbox forward.
        AdvanceSandbox "advanceSandbox" [Everything Nothing Nothing Nothing Nothing]
        /// Deletes a sandbox.
        DeleteSandbox "deleteSandbox"  [Everything Nothing Nothing Nothing Nothing]
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
            assert_eq!(
                roles.clone().map(|role| grant_of(&caller(role), operation)),
                expected,
                "{operation:?}"
            );
        }
    }

    #[test]
    fn a_read_only_caller_changes_nothing() {
        let mut caller = caller(Role::Administrator);
        caller.limits.read_only = true;
        for operation in Operation::ALL {
            let expected = if operation.is_change() { Grant::Nothing } else { Grant::Everything };
            assert_eq!(grant_of(&caller, *operation), expected, "{operation:?}");
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
