//! Trees that bring a root of their own.

use std::os::unix::fs::symlink;
use std::path::Path;

use super::*;
use crate::{IMAGE_DIRECTORIES, IMAGE_FILES};

/// A root with what it must have, into which the host's programs are bound.
fn image(house: &House) -> PathBuf {
    let root = house.directory.path().join("image");
    for directory in IMAGE_DIRECTORIES.iter().chain(&["usr", "lib64"]) {
        std::fs::create_dir_all(root.join(directory)).unwrap();
    }
    for file in IMAGE_FILES {
        std::fs::write(root.join(file), "").unwrap();
    }
    for link in ["bin", "lib", "sbin"] {
        symlink(format!("usr/{link}"), root.join(link)).unwrap();
    }
    root
}

fn in_image(root: &Path, source: &str) -> Spec {
    let binds = ["/usr", "/lib64"].map(|path| Bind::read_only(path, path)).to_vec();
    Spec { root: Some(root.to_owned()), binds, ..spec(source) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_root_of_its_own_is_all_that_is_seen() {
    let Some(house) = House::open().await else { return };
    let root = image(&house);
    std::fs::write(root.join("marker"), "mine").unwrap();
    std::fs::write(root.join("etc/passwd"), "me:x:1:1::/:/bin/sh\n").unwrap();
    let source = "import os\n\
        print(open('/marker').read(), open('/etc/passwd').read().strip(), open('/etc/hostname').read().strip())\n\
        print('sbx_user' in open('/etc/group').read(), sorted(os.listdir('/')))\n\
        open('/tmp/x', 'w').write('x'); open('/dev/null', 'w').write('x')\n\
        print(len([p for p in os.listdir('/proc') if p.isdigit()]), os.path.exists('/sys/devices/system/cpu'))";
    let output = house.run(small(), in_image(&root, source)).await;
    let listing = "['bin', 'dev', 'etc', 'lib', 'lib64', 'marker', 'opt', 'proc', 'sbin', 'sys', 'tmp', 'usr', 'var']";
    assert_eq!(said(&output), format!("mine me:x:1:1::/:/bin/sh 169-254-100-1\nTrue {listing}\n1 True"));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_root_of_its_own_cannot_be_written() {
    let Some(house) = House::open().await else { return };
    let root = image(&house);
    std::fs::create_dir(root.join("open")).unwrap();
    std::fs::set_permissions(root.join("open"), std::os::unix::fs::PermissionsExt::from_mode(0o777)).unwrap();
    let source = "import errno\n\
        for path in ['/open/x', '/sys/x', '/dev/x', '/etc/hosts']:\n\
        \x20   try: open(path, 'w'); print('wrote', path)\n\
        \x20   except OSError as e: print(errno.errorcode[e.errno])";
    let output = house.run(small(), in_image(&root, source)).await;
    let refused = said(&output).lines().all(|line| matches!(line, "EROFS" | "EACCES"));
    assert!(refused, "{}", said(&output));
    // The control: what kept it was the mount, not the file's mode.
    std::fs::write(root.join("open/x"), "").unwrap();
    assert!(root.join("open/x").exists());
    house.close().await;
}

/// What a root's links lead to is looked for in that root, also by us when we mount over them.
#[tokio::test(flavor = "multi_thread")]
async fn links_of_a_root_lead_nowhere_else() {
    let Some(house) = House::open().await else { return };
    let root = image(&house);
    let secret = house.directory.path().join("secret");
    std::fs::write(&secret, "the host's").unwrap();
    std::fs::remove_file(root.join("etc/hosts")).unwrap();
    std::fs::write(root.join("real-hosts"), "").unwrap();
    symlink("../../../../../../real-hosts", root.join("etc/hosts")).unwrap();
    symlink(&secret, root.join("leak")).unwrap();
    let source = "import os; print('localhost' in open('/real-hosts').read(), os.path.exists('/leak'))";
    let output = house.run(small(), in_image(&root, source)).await;
    assert_eq!(said(&output), "True False");
    assert_eq!(std::fs::read_to_string(root.join("leak")).unwrap(), "the host's");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bare_name_is_looked_for_in_the_path() {
    let Some(house) = House::open().await else { return };
    let command = Command::new(["python3", "-I", "-S", "-c", "print('found')"]).env("PATH", "/nowhere:/usr/bin");
    assert_eq!(said(&house.run(small(), Spec { command, ..spec("") }).await), "found");
    let command = Command::new(["python3"]).env("PATH", "/nowhere");
    let failed = house.sandbox.run(small(), Spec { command, ..spec("") }, 100, MINUTE).await;
    assert!(matches!(failed, Err(crate::Error::Start { .. })));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slot_may_have_no_tmp() {
    let Some(house) = House::open().await else { return };
    let slot = SlotSpec { tmp_bytes: 0, ..small() };
    let source = "import os\ntry: open('/tmp/x', 'w')\nexcept OSError as e: print(e.errno)";
    assert_eq!(said(&house.run(slot, spec(source)).await), libc::EROFS.to_string());
    house.close().await;
}
