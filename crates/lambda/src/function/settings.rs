//! From what a caller asks to what a function is configured as: defaults, ranges, and AWS's refusals.

use base::limits::lambda::{EPHEMERAL_STORAGE_MB, MEMORY_MB, TIMEOUT_SECONDS};
use base::{Arn, Fault, Scope};

use super::environment;
use super::fault::{invalid, not_found};
use super::image;
use super::layers;
use super::record::{Config, ImageConfig, Layer, Logging, Vpc};
use super::runtime::{self, Interpreters};
use crate::api::{
    self, ApplicationLogLevel, Architecture, CreateFunctionRequest, Environment, EphemeralStorage, LogFormat,
    LoggingConfig, PackageType, SnapStart, SnapStartApplyOn, SystemLogLevel, TracingMode,
    UpdateFunctionConfigurationRequest, VpcConfig,
};

/// What the rules need to know of the world.
pub(crate) struct World<'a> {
    pub scope: &'a Scope,
    pub interpreters: &'a dyn Interpreters,
    pub find_layer: FindLayer<'a>,
}

/// The layer version with an ARN, if there is one; a refusal if the caller may not use it.
pub(crate) type FindLayer<'a> = Box<dyn Fn(&str) -> Result<Option<Layer>, Fault> + 'a>;

/// What both requests may set; `None` leaves it as it is.
#[derive(Default)]
struct Wanted<'a> {
    role: Option<&'a String>,
    runtime: Option<&'a String>,
    handler: Option<&'a String>,
    description: Option<&'a String>,
    timeout: Option<i32>,
    memory_size: Option<i32>,
    ephemeral_storage: Option<&'a EphemeralStorage>,
    environment: Option<&'a Environment>,
    kms_key_arn: Option<&'a String>,
    tracing: Option<TracingMode>,
    dead_letter_arn: Option<&'a String>,
    layers: Option<&'a Vec<String>>,
    vpc: Option<&'a VpcConfig>,
    snap_start: Option<&'a SnapStart>,
    logging: Option<&'a LoggingConfig>,
    image: Option<&'a api::ImageConfig>,
}

/// The configuration of a new function that is called `name`.
pub(crate) fn for_new(input: &CreateFunctionRequest, name: &str, world: &World<'_>) -> Result<Config, Fault> {
    let package = package(input)?;
    refuse_beyond_us(&[
        ("FileSystemConfigs", input.file_system_configs.as_ref().is_some_and(|configs| !configs.is_empty())),
        ("TenancyConfig", input.tenancy_config.is_some()),
        ("CapacityProviderConfig", input.capacity_provider_config.is_some()),
        ("DurableConfig", input.durable_config.is_some()),
        ("RuntimeConfig", input.runtime_config.is_some()),
        ("AcceleratorConfig", input.accelerator_config.is_some()),
    ])?;
    if let Some(arn) = &input.code_signing_config_arn {
        return Err(no_code_signing_config(arn));
    }
    if package == PackageType::Zip && (input.runtime.is_none() || input.handler.is_none()) {
        return Err(invalid(
            "Runtime and Handler are mandatory parameters for functions created with deployment packages.",
        ));
    }
    let mut config = defaults(&input.role, name);
    if let Some([architecture]) = input.architectures.as_deref() {
        config.architecture = *architecture;
    }
    wanted_by_create(input).apply(config, package, world)
}

/// The configuration of a function after an update; how it is packed stays.
pub(crate) fn for_update(
    input: &UpdateFunctionConfigurationRequest,
    config: Config,
    package: PackageType,
    world: &World<'_>,
) -> Result<Config, Fault> {
    refuse_beyond_us(&[
        ("FileSystemConfigs", input.file_system_configs.as_ref().is_some_and(|configs| !configs.is_empty())),
        ("CapacityProviderConfig", input.capacity_provider_config.is_some()),
        ("DurableConfig", input.durable_config.is_some()),
        ("RuntimeConfig", input.runtime_config.is_some()),
        ("AcceleratorConfig", input.accelerator_config.is_some()),
    ])?;
    wanted_by_update(input).apply(config, package, world)
}

fn defaults(role: &str, name: &str) -> Config {
    Config {
        role: role.to_owned(),
        runtime: None,
        handler: None,
        description: String::new(),
        timeout_seconds: 3,
        memory_mb: 128,
        ephemeral_storage_mb: 512,
        architecture: Architecture::X8664,
        environment: None,
        kms_key_arn: None,
        tracing: TracingMode::PassThrough,
        dead_letter_arn: None,
        layers: Vec::new(),
        vpc: None,
        snap_start: SnapStartApplyOn::None,
        logging: Logging {
            format: LogFormat::Text,
            application_level: None,
            system_level: None,
            group: format!("/aws/lambda/{name}"),
        },
        image: ImageConfig::default(),
    }
}

/// Create and update take the same members, but for the role, which a creation must have.
macro_rules! wanted {
    ($input:ident, role: $role:expr) => {
        Wanted {
            role: $role,
            runtime: $input.runtime.as_ref(),
            handler: $input.handler.as_ref(),
            description: $input.description.as_ref(),
            timeout: $input.timeout,
            memory_size: $input.memory_size,
            ephemeral_storage: $input.ephemeral_storage.as_ref(),
            environment: $input.environment.as_ref(),
            kms_key_arn: $input.kms_key_arn.as_ref(),
            tracing: $input.tracing_config.as_ref().and_then(|tracing| tracing.mode),
            dead_letter_arn: $input.dead_letter_config.as_ref().and_then(|config| config.target_arn.as_ref()),
            layers: $input.layers.as_ref(),
            vpc: $input.vpc_config.as_ref(),
            snap_start: $input.snap_start.as_ref(),
            logging: $input.logging_config.as_ref(),
            image: $input.image_config.as_ref(),
        }
    };
}

fn wanted_by_create(input: &CreateFunctionRequest) -> Wanted<'_> {
    wanted!(input, role: Some(&input.role))
}

fn wanted_by_update(input: &UpdateFunctionConfigurationRequest) -> Wanted<'_> {
    wanted!(input, role: input.role.as_ref())
}

impl Wanted<'_> {
    fn apply(self, mut config: Config, package: PackageType, world: &World<'_>) -> Result<Config, Fault> {
        self.apply_package(&mut config, package)?;
        self.apply_code_side(&mut config, world)?;
        self.apply_sizes(&mut config)?;
        self.apply_environment(&mut config)?;
        if let Some(arns) = self.layers {
            config.layers = layers::resolve(arns, world.scope.region.as_str(), &world.find_layer)?;
        }
        if let Some(logging) = self.logging {
            config.logging = merge_logging(config.logging, logging)?;
        }
        if let Some(arn) = self.dead_letter_arn {
            config.dead_letter_arn = dead_letter(arn)?;
        }
        if let Some(vpc) = self.vpc {
            config.vpc = Some(vpc_of(vpc));
        }
        if let Some(mode) = self.tracing {
            config.tracing = mode;
        }
        Ok(config)
    }

    /// What only functions of the other kind have is refused.
    fn apply_package(&self, config: &mut Config, package: PackageType) -> Result<(), Fault> {
        let of_zip = self.runtime.is_some() || self.handler.is_some() || self.layers.is_some();
        match (package, self.image) {
            (PackageType::Zip, Some(_)) => Err(image_config_for_zip()),
            (PackageType::Image, _) if of_zip => Err(invalid(
                "Please don't provide Handler or Runtime or Layer when the intended function PackageType is Image.",
            )),
            (PackageType::Image, Some(given)) => {
                config.image = image::config(given)?;
                Ok(())
            }
            (_, None) => Ok(()),
        }
    }

    fn apply_code_side(&self, config: &mut Config, world: &World<'_>) -> Result<(), Fault> {
        if let Some(role) = self.role {
            config.role.clone_from(role);
        }
        if let Some(name) = self.runtime {
            runtime::check(name, world.interpreters)?;
            config.runtime = Some(name.clone());
        }
        if let Some(handler) = self.handler {
            config.handler = Some(handler.clone());
        }
        if let Some(description) = self.description {
            config.description.clone_from(description);
        }
        if let Some(apply_on) = self.snap_start.and_then(|snap_start| snap_start.apply_on) {
            config.snap_start = apply_on;
        }
        // Asked of what the function will be: either half may have come earlier.
        match (config.snap_start, &config.runtime) {
            (SnapStartApplyOn::PublishedVersions, Some(name)) => runtime::check_snap_start(name),
            _ => Ok(()),
        }
    }

    fn apply_sizes(&self, config: &mut Config) -> Result<(), Fault> {
        if let Some(memory) = self.memory_size {
            at_most("MemorySize", memory, *MEMORY_MB.end())?;
            config.memory_mb = memory;
        }
        if let Some(timeout) = self.timeout {
            at_most("Timeout", timeout, *TIMEOUT_SECONDS.end())?;
            config.timeout_seconds = timeout;
        }
        if let Some(storage) = self.ephemeral_storage {
            at_most("EphemeralStorage.Size", storage.size, *EPHEMERAL_STORAGE_MB.end())?;
            config.ephemeral_storage_mb = storage.size;
        }
        Ok(())
    }

    fn apply_environment(&self, config: &mut Config) -> Result<(), Fault> {
        if let Some(given) = self.environment {
            let variables = given.variables.clone().unwrap_or_default();
            environment::check(&variables)?;
            config.environment = Some(variables);
        }
        if let Some(arn) = self.kms_key_arn {
            config.kms_key_arn = (!arn.is_empty()).then(|| arn.clone());
        }
        Ok(())
    }
}

/// The contract's own limits are those of managed instances; ordinary functions have lower ones.
fn at_most(member: &str, value: i32, most: i32) -> Result<(), Fault> {
    if value <= most {
        return Ok(());
    }
    Err(invalid(format!(
        "'{member}' value failed to satisfy constraint: Member must have value less than or equal to {most}"
    )))
}

fn package(input: &CreateFunctionRequest) -> Result<PackageType, Fault> {
    let package = input.package_type.unwrap_or(PackageType::Zip);
    match (package, &input.code.image_uri) {
        (PackageType::Image, None) => {
            Err(invalid("Please provide ImageUri when creating a function with packageType Image."))
        }
        (PackageType::Zip, Some(_)) => {
            Err(invalid("Please don't provide ImageUri when creating a function with packageType Zip."))
        }
        _ => Ok(package),
    }
}

fn image_config_for_zip() -> Fault {
    invalid("Please don't provide ImageConfig for a function with packageType Zip.")
}

/// A function that silently lacks what it was promised would be worse than none.
fn refuse_beyond_us(members: &[(&str, bool)]) -> Result<(), Fault> {
    match members.iter().find(|(_, given)| *given) {
        Some((member, _)) => Err(invalid(format!("{member} is not supported by this endpoint."))),
        None => Ok(()),
    }
}

/// 404: there are no code signing configurations yet.
pub fn no_code_signing_config(arn: &str) -> Fault {
    Fault::new(
        "CodeSigningConfigNotFoundException",
        format!(
            "The code signing configuration cannot be found. Check that the provided configuration is not deleted: \
             {arn}."
        ),
    )
}

/// An empty ARN takes the dead letter queue away.
fn dead_letter(arn: &str) -> Result<Option<String>, Fault> {
    if arn.is_empty() {
        return Ok(None);
    }
    match Arn::parse(arn) {
        Some(parsed) if matches!(parsed.service.as_str(), "sqs" | "sns") => Ok(Some(arn.to_owned())),
        Some(_) => Err(invalid("The target of a dead letter config must be an SQS queue or an SNS topic.")),
        None => Err(not_found(format!("The dead letter target {arn} does not exist."))),
    }
}

fn vpc_of(vpc: &VpcConfig) -> Vpc {
    Vpc {
        subnet_ids: vpc.subnet_ids.clone().unwrap_or_default(),
        security_group_ids: vpc.security_group_ids.clone().unwrap_or_default(),
        ipv6_allowed_for_dual_stack: vpc.ipv6_allowed_for_dual_stack.unwrap_or(false),
    }
}

/// What isn't given stays; JSON has levels (INFO unless told otherwise), Text has none.
fn merge_logging(before: Logging, wanted: &LoggingConfig) -> Result<Logging, Fault> {
    let format = wanted.log_format.unwrap_or(before.format);
    let group = wanted.log_group.clone().unwrap_or(before.group);
    if format == LogFormat::Text {
        if wanted.application_log_level.is_some() || wanted.system_log_level.is_some() {
            return Err(invalid(
                "LogLevel is not supported when LogFormat is set to \"Text\". Remove LogLevel from your request or \
                 change the LogFormat to \"JSON\" and try again.",
            ));
        }
        return Ok(Logging { format, application_level: None, system_level: None, group });
    }
    let application = wanted.application_log_level.or(before.application_level);
    let system = wanted.system_log_level.or(before.system_level);
    Ok(Logging {
        format,
        application_level: Some(application.unwrap_or(ApplicationLogLevel::Info)),
        system_level: Some(system.unwrap_or(SystemLogLevel::Info)),
        group,
    })
}
