//! The rules of functions that are made of container images.

use base::Fault;
use base::limits::lambda::IMAGE_SETTINGS_BYTES;

use super::fault::invalid;
use super::record::ImageConfig;
use crate::api;
use crate::image::Start;

/// What a request says of how its image is started; what it doesn't say is left to the image.
pub(crate) fn config(given: &api::ImageConfig) -> Result<ImageConfig, Fault> {
    let config = ImageConfig {
        entry_point: given.entry_point.clone().unwrap_or_default(),
        command: given.command.clone().unwrap_or_default(),
        working_directory: given.working_directory.clone().unwrap_or_default(),
    };
    let lists = config.entry_point.iter().chain(&config.command).map(String::len);
    if lists.sum::<usize>() + config.working_directory.len() > IMAGE_SETTINGS_BYTES {
        return Err(invalid(format!("ImageConfig must be smaller than {IMAGE_SETTINGS_BYTES} bytes.")));
    }
    Ok(config)
}

/// How an image is started for a function: each setting of the function's own, else the image's.
pub(crate) fn start(config: &ImageConfig, image: &Start) -> Start {
    let either = |own: &Vec<String>, images: &Vec<String>| if own.is_empty() { images.clone() } else { own.clone() };
    let directories = [&config.working_directory, &image.working_directory];
    Start {
        entry_point: either(&config.entry_point, &image.entry_point),
        command: either(&config.command, &image.command),
        variables: image.variables.clone(),
        working_directory: directories.into_iter().find(|path| !path.is_empty()).map_or("/", |path| path).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image() -> Start {
        Start {
            entry_point: vec!["/entry".to_owned()],
            command: vec!["app.handler".to_owned()],
            variables: vec![("A".to_owned(), "1".to_owned())],
            working_directory: String::new(),
        }
    }

    #[test]
    fn each_setting_of_the_function_outweighs_the_images() {
        assert_eq!(start(&ImageConfig::default(), &image()), Start { working_directory: "/".to_owned(), ..image() });
        let own =
            ImageConfig { command: vec!["other".to_owned()], working_directory: "/w".to_owned(), ..Default::default() };
        let started = start(&own, &image());
        assert_eq!(started.entry_point, ["/entry"]);
        assert_eq!((started.command, started.working_directory), (vec!["other".to_owned()], "/w".to_owned()));
    }

    #[test]
    fn settings_have_a_limit() {
        let given = |bytes| api::ImageConfig {
            entry_point: Some(vec!["x".repeat(bytes)]),
            command: None,
            working_directory: None,
        };
        assert!(config(&given(IMAGE_SETTINGS_BYTES)).is_ok());
        assert_eq!(
            config(&given(IMAGE_SETTINGS_BYTES + 1)).expect_err("too large").message,
            "ImageConfig must be smaller than 16384 bytes."
        );
    }
}
