//! kafka-acls (Kafka's `AclCommand`). Serves the shell; invariant: what is asked for goes to the cluster, whose brokers have no authorizer
//! and refuse it.

use super::admin::{AdminCommand, AdminTool, Answer, Step};
use crate::java::{Kind, OptionSpec, Parsed, VERSION, flag, required_arg, stack_trace};
use ottla_client::{AclBinding, AdminRequest, JavaError};
use std::collections::BTreeMap;

/// The options.
pub const TABLE: &[OptionSpec] = &[
    flag("add", "Indicates you are trying to add ACLs."),
    required_arg("allow-host", Kind::String, "allow-host", "A host from which the allowed may come; * for all."),
    required_arg("allow-principal", Kind::String, "allow-principal", "Who is allowed, as User:name; may be repeated."),
    required_arg("bootstrap-controller", Kind::String, "controller to connect to", "Controllers of the cluster."),
    required_arg("bootstrap-server", Kind::String, "server to connect to", "Brokers of the cluster."),
    flag("cluster", "What concerns the whole cluster."),
    required_arg("command-config", Kind::String, "command-config", "A file with settings of the admin client."),
    flag("consumer", "With --add or --remove: what a consumer needs."),
    required_arg("delegation-token", Kind::String, "delegation-token", "A delegation token; may be repeated."),
    required_arg("deny-host", Kind::String, "deny-host", "A host from which the denied may not come; * for all."),
    required_arg("deny-principal", Kind::String, "deny-principal", "Who is denied, as User:name; may be repeated."),
    flag("force", "Do not ask."),
    required_arg("group", Kind::String, "group", "A group; * for all; may be repeated."),
    flag("help", "Print usage information."),
    flag("list", "List ACLs."),
    required_arg(
        "operation",
        Kind::String,
        "String",
        "Read, Write, Create, Delete, Alter, Describe, …; All by default.",
    ),
    flag("producer", "With --add or --remove: what a producer needs."),
    flag("remove", "Indicates you are trying to remove ACLs."),
    required_arg("resource-pattern-type", Kind::String, "ANY|MATCH|LITERAL|PREFIXED", "How names are meant.")
        .or("LITERAL"),
    required_arg("topic", Kind::String, "topic", "A topic; * for all; may be repeated."),
    required_arg("transactional-id", Kind::String, "transactional-id", "A transactional id; may be repeated."),
    flag("version", "Display Kafka version."),
];

/// `AclOperation`, from code 1 on.
const OPERATIONS: [&str; 15] = [
    "any",
    "all",
    "read",
    "write",
    "create",
    "delete",
    "alter",
    "describe",
    "clusteraction",
    "describeconfigs",
    "alterconfigs",
    "idempotentwrite",
    "createtokens",
    "describetokens",
    "twophasecommit",
];
const ALL: i8 = 2;
const READ: i8 = 3;
const WRITE: i8 = 4;
const CREATE: i8 = 5;
const DESCRIBE: i8 = 8;
const DENY: i8 = 2;
const ALLOW: i8 = 3;
const TOPIC: i8 = 2;
const GROUP: i8 = 3;
const CLUSTER: i8 = 4;

/// kafka-acls.
#[derive(Clone, Debug, Default)]
pub struct Acls;

fn check(parsed: &Parsed) -> Result<(), String> {
    if parsed.is_empty || parsed.has("help") {
        return Err("This tool helps to manage acls on kafka.".to_owned());
    }
    if !parsed.has("bootstrap-server") && !parsed.has("bootstrap-controller") {
        return Err("One of --bootstrap-server or --bootstrap-controller must be specified".to_owned());
    }
    if ["add", "remove", "list"].iter().filter(|action| parsed.has(action)).count() != 1 {
        return Err("Command must include exactly one action: --list, --add, --remove. ".to_owned());
    }
    if !parsed.has("list") && resources(parsed).is_empty() {
        return Err("You must provide at least one resource: --topic <topic> or --cluster or --group <group> or \
                    --delegation-token <Delegation Token ID>"
            .to_owned());
    }
    if parsed.has("add") && !parsed.has("allow-principal") && !parsed.has("deny-principal") {
        return Err("You must specify one of: --allow-principal, --deny-principal when trying to add ACLs.".to_owned());
    }
    Ok(())
}

/// Types and names.
fn resources(parsed: &Parsed) -> Vec<(i8, String)> {
    let named = [("topic", TOPIC), ("group", GROUP), ("transactional-id", 5), ("delegation-token", 6)];
    let mut found: Vec<(i8, String)> = named
        .into_iter()
        .flat_map(|(option, kind)| parsed.values(option).iter().map(move |name| (kind, name.trim().to_owned())))
        .collect();
    if parsed.has("cluster") {
        found.push((CLUSTER, "kafka-cluster".to_owned()));
    }
    found
}

/// The operations for a type of resource.
fn operations(parsed: &Parsed, kind: i8) -> Result<Vec<i8>, JavaError> {
    match kind {
        TOPIC if parsed.has("producer") => return Ok(vec![WRITE, DESCRIBE, CREATE]),
        TOPIC if parsed.has("consumer") => return Ok(vec![READ, DESCRIBE]),
        GROUP if parsed.has("consumer") => return Ok(vec![READ]),
        _ => {}
    }
    let names = parsed.values("operation");
    if names.is_empty() {
        return Ok(vec![ALL]);
    }
    let code = |name: &String| {
        let at = OPERATIONS.iter().position(|known| known.eq_ignore_ascii_case(&name.replace('_', "")));
        at.and_then(|at| i8::try_from(at + 1).ok()).ok_or_else(|| {
            JavaError::new("java.lang.IllegalArgumentException", format!("No enum constant for operation {name}"))
        })
    };
    names.iter().map(code).collect()
}

fn bindings(parsed: &Parsed) -> Result<Vec<AclBinding>, JavaError> {
    let prefixed = parsed.value("resource-pattern-type")?.is_some_and(|kind| kind.eq_ignore_ascii_case("PREFIXED"));
    let hosts = |option: &str| match parsed.values(option) {
        [] => vec!["*".to_owned()],
        hosts => hosts.to_vec(),
    };
    let mut bindings = Vec::new();
    for (resource_type, resource_name) in resources(parsed) {
        for (who, host, permission_type) in
            [("allow-principal", "allow-host", ALLOW), ("deny-principal", "deny-host", DENY)]
        {
            for principal in parsed.values(who) {
                for host in hosts(host) {
                    for operation in operations(parsed, resource_type)? {
                        bindings.push(AclBinding {
                            resource_type,
                            resource_name: resource_name.clone(),
                            pattern_type: if prefixed { 4 } else { 3 },
                            principal: principal.clone(),
                            host: host.clone(),
                            operation,
                            permission_type,
                        });
                    }
                }
            }
        }
    }
    Ok(bindings)
}

fn fail(io: &mut AdminTool<'_, '_, '_>, error: &JavaError) -> Step {
    io.tool.println(format!("Error while executing ACL command: {}", error.text()));
    io.tool.println(stack_trace(error));
    Step::Exit(1)
}

impl Acls {
    fn begin(&self, io: &mut AdminTool<'_, '_, '_>, parsed: &Parsed) -> Result<Step, JavaError> {
        let mut config = match parsed.value("command-config")? {
            Some(path) => io.tool.load_properties(path)?,
            None => BTreeMap::new(),
        };
        for (option, setting) in
            [("bootstrap-server", "bootstrap.servers"), ("bootstrap-controller", "bootstrap.controllers")]
        {
            if let Some(servers) = parsed.value(option)? {
                config.insert(setting.to_owned(), servers.to_owned());
            }
        }
        io.open(&config)?;
        Ok(Step::Ask(match () {
            () if parsed.has("add") => AdminRequest::CreateAcls { bindings: bindings(parsed)? },
            () if parsed.has("remove") => AdminRequest::DeleteAcls { bindings: bindings(parsed)? },
            () => AdminRequest::DescribeAcls,
        }))
    }
}

impl AdminCommand for Acls {
    const CLASS: &'static str = "AclCommand";

    fn start(&mut self, io: &mut AdminTool<'_, '_, '_>) -> Step {
        let parsed = match Parsed::parse(TABLE, &io.tool.invocation.args.clone()) {
            Ok(parsed) => parsed,
            Err(error) => {
                io.tool.usage(error.text(), TABLE);
                return Step::Exit(1);
            }
        };
        if parsed.has("version") {
            io.tool.println(VERSION);
            return Step::Exit(0);
        }
        if let Err(message) = check(&parsed) {
            io.tool.usage(&message, TABLE);
            return Step::Exit(1);
        }
        self.begin(io, &parsed).unwrap_or_else(|error| fail(io, &error))
    }

    fn answer(&mut self, io: &mut AdminTool<'_, '_, '_>, answer: Answer) -> Step {
        match answer {
            Ok(_) => Step::Exit(0),
            Err(error) => {
                let outer = JavaError::new("java.util.concurrent.ExecutionException", error.to_string());
                fail(io, &outer.caused_by(error))
            }
        }
    }
}
