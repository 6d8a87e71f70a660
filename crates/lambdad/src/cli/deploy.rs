//! `lambdad deploy`: a folder or a file becomes a function that is ready to run.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, bail};
use base::{Fault, Fields, Value};

use super::package::{Package, package};
use super::progress::spinner;
use super::{Connection, Target};

#[derive(Debug, clap::Args)]
pub(super) struct DeployOptions {
    /// A folder, a source file, or a zip.
    path: PathBuf,
    /// The function's name; the path's own if left out.
    #[arg(long)]
    name: Option<String>,
    /// Told from the files if left out.
    #[arg(long)]
    runtime: Option<String>,
    /// Told from the files if left out.
    #[arg(long)]
    handler: Option<String>,
    /// The execution role's ARN; a role that may write logs is made if left out.
    #[arg(long)]
    role: Option<String>,
    /// In MB.
    #[arg(long)]
    memory: Option<i64>,
    /// In seconds.
    #[arg(long)]
    timeout: Option<i64>,
    /// An environment variable, KEY=VALUE; may be given many times.
    #[arg(long = "env", value_name = "KEY=VALUE")]
    variables: Vec<String>,
    /// The ARN of a layer's version; may be given up to five times, later ones win.
    #[arg(long = "layer", value_name = "ARN")]
    layers: Vec<String>,
    /// Publish a version of what was deployed.
    #[arg(long)]
    publish: bool,
    /// Make this alias stand for the version that is published.
    #[arg(long, requires = "publish")]
    alias: Option<String>,
    #[command(flatten)]
    target: Target,
}

const ROLE: &str = "lambdad-execution";
const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
const LOGS_POLICY: &str = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole";

pub(super) async fn deploy(options: DeployOptions) -> anyhow::Result<u8> {
    let connection = options.target.connect()?;
    let name = function_name(&options)?;
    let progress = spinner(format!("packing {}", options.path.display()));
    let package = package(&options.path)?;
    progress.set_message(format!("deploying {name} ({} KB)", package.zip.len().div_ceil(1024)));
    let exists = lambda(&connection, "GetFunction", Fields::new().with("FunctionName", name.as_str())).await?;
    match exists {
        Ok(_) => update(&connection, &name, &options, &package).await?,
        Err(fault) if fault.code == "ResourceNotFoundException" => {
            create(&connection, &name, &options, &package).await?
        }
        Err(fault) => return Err(fault.into()),
    }
    progress.set_message(format!("waiting until {name} is active"));
    let mut arn = arn_of(&settled(&connection, &name).await?, "FunctionArn");
    if options.publish {
        progress.set_message(format!("publishing {name}"));
        arn = publish(&connection, &name, options.alias.as_deref()).await?;
    }
    progress.finish_and_clear();
    super::say(&arn);
    Ok(0)
}

/// Answers the ARN of the new version, or of the alias that stands for it now.
async fn publish(connection: &Connection, name: &str, alias: Option<&str>) -> anyhow::Result<String> {
    let version = lambda(connection, "PublishVersion", Fields::new().with("FunctionName", name)).await??;
    let Some(alias) = alias else { return Ok(arn_of(&version, "FunctionArn")) };
    let number = version.text("Version").context("PublishVersion answered without a version")?;
    let input = || {
        let mut input = Fields::new().with("FunctionName", name).with("Name", alias).with("FunctionVersion", number);
        // All events go to the new version, whatever the alias has shared them with.
        input.set("RoutingConfig", Value::Map(Fields::new()));
        input
    };
    let answer = match lambda(connection, "UpdateAlias", input()).await? {
        Err(fault) if fault.code == "ResourceNotFoundException" => lambda(connection, "CreateAlias", input()).await?,
        answer => answer,
    };
    Ok(arn_of(&answer?, "AliasArn"))
}

fn arn_of(answer: &Fields, member: &str) -> String {
    answer.text(member).unwrap_or_default().to_owned()
}

fn function_name(options: &DeployOptions) -> anyhow::Result<String> {
    if let Some(name) = &options.name {
        return Ok(name.clone());
    }
    let path = options.path.canonicalize().with_context(|| format!("there is no {}", options.path.display()))?;
    let name = if path.is_dir() { path.file_name() } else { path.file_stem() };
    Ok(name.context("the path names nothing; give --name")?.to_string_lossy().into_owned())
}

async fn lambda(connection: &Connection, operation: &str, input: Fields) -> anyhow::Result<Result<Fields, Fault>> {
    connection.try_call(&lambda::api::SPEC, operation, input).await
}

async fn create(connection: &Connection, name: &str, options: &DeployOptions, package: &Package) -> anyhow::Result<()> {
    let guess = &package.guess;
    let (Some(runtime), Some(handler)) =
        (options.runtime.as_ref().or(guess.runtime.as_ref()), options.handler.as_ref().or(guess.handler.as_ref()))
    else {
        bail!("the files don't tell how they are run: give --runtime and --handler");
    };
    let role = match &options.role {
        Some(role) => role.clone(),
        None => execution_role(connection).await?,
    };
    let mut code = Fields::new();
    code.set("ZipFile", Value::Blob(package.zip.clone()));
    let mut input = configuration(name, options)?
        .with("Runtime", runtime.as_str())
        .with("Handler", handler.as_str())
        .with("Role", role);
    input.set("Code", Value::Map(code));
    lambda(connection, "CreateFunction", input).await??;
    Ok(())
}

async fn update(connection: &Connection, name: &str, options: &DeployOptions, package: &Package) -> anyhow::Result<()> {
    let mut input = configuration(name, options)?;
    for (member, value) in [("Runtime", &options.runtime), ("Handler", &options.handler), ("Role", &options.role)] {
        if let Some(value) = value {
            input.set(member, Value::from(value.as_str()));
        }
    }
    if input.len() > 1 {
        lambda(connection, "UpdateFunctionConfiguration", input).await??;
        settled(connection, name).await?;
    }
    let mut input = Fields::new().with("FunctionName", name);
    input.set("ZipFile", Value::Blob(package.zip.clone()));
    lambda(connection, "UpdateFunctionCode", input).await??;
    Ok(())
}

/// What create and update take alike.
fn configuration(name: &str, options: &DeployOptions) -> anyhow::Result<Fields> {
    let mut input = Fields::new().with("FunctionName", name);
    for (member, value) in [("MemorySize", options.memory), ("Timeout", options.timeout)] {
        if let Some(value) = value {
            input.set(member, Value::Integer(value));
        }
    }
    if !options.layers.is_empty() {
        input.set("Layers", Value::List(options.layers.iter().map(|arn| Value::from(arn.as_str())).collect()));
    }
    if !options.variables.is_empty() {
        let pairs = options.variables.iter().map(|pair| {
            let (key, value) = pair.split_once('=').with_context(|| format!("--env {pair} is not KEY=VALUE"))?;
            Ok((key.to_owned().into(), Value::from(value)))
        });
        let mut environment = Fields::new();
        environment.set("Variables", Value::Map(pairs.collect::<anyhow::Result<Fields>>()?));
        input.set("Environment", Value::Map(environment));
    }
    Ok(input)
}

/// Polls until the last change is done.
async fn settled(connection: &Connection, name: &str) -> anyhow::Result<Fields> {
    loop {
        let input = Fields::new().with("FunctionName", name);
        let function = lambda(connection, "GetFunctionConfiguration", input).await??;
        let told = || function.text("StateReason").or_else(|| function.text("LastUpdateStatusReason"));
        let reason = || told().unwrap_or("no reason given");
        match (function.text("State"), function.text("LastUpdateStatus")) {
            (Some("Failed"), _) | (_, Some("Failed")) => bail!("{name} failed: {}", reason()),
            (Some("Pending"), _) | (_, Some("InProgress")) => {}
            _ => return Ok(function),
        }
        connection.clock().sleep(Duration::from_millis(50)).await;
    }
}

/// The role that functions get which name none: it may write logs.
async fn execution_role(connection: &Connection) -> anyhow::Result<String> {
    let iam = |operation: &'static str, input| connection.try_call(&access::iam::api::SPEC, operation, input);
    let name = || Fields::new().with("RoleName", ROLE);
    match iam("CreateRole", name().with("AssumeRolePolicyDocument", TRUST)).await? {
        Err(fault) if fault.code != "EntityAlreadyExistsException" => return Err(fault.into()),
        _ => {}
    }
    iam("AttachRolePolicy", name().with("PolicyArn", LOGS_POLICY)).await??;
    let answer = iam("GetRole", name()).await??;
    let role = answer.get("Role").and_then(Value::as_map).and_then(|role| role.text("Arn"));
    role.map(str::to_owned).context("GetRole answered without a role")
}
