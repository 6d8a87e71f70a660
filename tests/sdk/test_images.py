"""Functions that are container images, from a real registry: pulled, laid out, run, updated, refused."""

import json
import os
import shutil
import subprocess
import tarfile
import tempfile

import harness
import registry as registries

CHARACTER, BLOCK, PIPE = tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE
PASSWORD = "open sesame"
NOT_SUPPORTED = "The image manifest, config or layer media type for the source image {} is not supported."

open_registry = locked_registry = runtime = None


def setUpModule():
    global open_registry, locked_registry, runtime
    runtime = registries.runtime()
    open_registry = registries.Registry()
    locked_registry = registries.Registry(PASSWORD)
    with open(os.path.join(locked_registry.folder, "config.json"), "w") as file:
        encoded = locked_registry.authorization.removeprefix("Basic ")
        json.dump({"auths": {locked_registry.host: {"auth": encoded}}}, file)
    harness.start_shared("--fetch-allow", "127.0.0.0/8", "--registry-auth", file.name)


def tearDownModule():
    harness.stop_shared()
    open_registry.stop()
    locked_registry.stop()


def base(**files):
    """A layer with the runtime in it."""
    tar = registries.Tar().add("bin/runtime", runtime, mode=0o755)
    for name, content in files.items():
        tar.add(name, content)
    return tar


class Images(harness.Case):
    def push(self, *layers, repository=None, tag="v1", entry=("/bin/runtime",), command=("app.handler",), **more):
        """Answers the image's URI; its descriptor is kept in `self.pushed`."""
        self.repository = repository or self.name("image")
        config = {"Entrypoint": list(entry), "Cmd": list(command), **more.pop("config", {})}
        made = [layer.bytes() for layer in layers] or [base().bytes()]
        self.pushed = open_registry.image(self.repository, tag, made, config, **more)
        return f"{open_registry.host}/{self.repository}:{tag}"

    def image_parameters(self, uri, **changes):
        changes = {"PackageType": "Image", "Code": {"ImageUri": uri}, "Runtime": None, "Handler": None, **changes}
        return self.parameters(**changes)

    def function(self, uri, **changes):
        parameters = self.image_parameters(uri, Timeout=20, **changes)
        self.lambda_.create_function(**parameters)
        self.wait_active(parameters["FunctionName"])
        return parameters["FunctionName"]

    def failed(self, name):
        """The configuration of a creation that must fail."""
        configuration = harness.until(
            lambda: (it := self.lambda_.get_function_configuration(FunctionName=name))["State"] != "Pending" and it,
            what=f"{name}'s end of transition",
        )
        self.assertEqual(configuration["State"], "Failed")
        return configuration


class Life(Images):
    def test_an_image_is_created_shown_and_runs(self):
        uri = self.push(config={"Env": ["PATH=/bin", "COLOR=blue", "SHADE=dark"], "WorkingDir": "/etc", "User": "1234"})
        parameters = self.image_parameters(uri, Environment={"Variables": {"SHADE": "light"}})
        name = parameters["FunctionName"]
        created = self.lambda_.create_function(**parameters)
        self.assertEqual((created["State"], created["StateReasonCode"]), ("Pending", "Creating"))
        self.assertEqual((created["PackageType"], created["CodeSize"]), ("Image", 0))
        digest = self.pushed["digest"]
        self.assertEqual(created["CodeSha256"], digest.removeprefix("sha256:"))
        for absent in ["Runtime", "Handler", "Layers", "ImageConfigResponse", "RuntimeVersionConfig"]:
            self.assertNotIn(absent, created)
        self.wait_active(name)
        code = self.lambda_.get_function(FunctionName=name)["Code"]
        resolved = f"{open_registry.host}/{self.repository}@{digest}"
        self.assertEqual(code, {"RepositoryType": "ECR", "ImageUri": uri, "ResolvedImageUri": resolved})
        ask = lambda event: self.result(name, event)
        self.assertEqual(ask("args"), "/bin/runtime app.handler")
        self.assertEqual(ask("cwd"), "/etc")
        # The customer's variables outweigh the image's, and both are there.
        self.assertEqual([ask(f"env {key}") for key in ["COLOR", "SHADE", "PATH"]], ["blue", "light", "/bin"])
        self.assertEqual(ask("env _HANDLER"), "app.handler")
        self.assertEqual(ask("env AWS_LAMBDA_FUNCTION_NAME"), name)
        self.assertEqual([ask(f"env {key}") for key in ["AWS_EXECUTION_ENV", "LD_LIBRARY_PATH", "LANG"]], ["(unset)"] * 3)
        self.assertGreaterEqual(int(ask("uid")), 200_000, "the image's User means nothing")
        log = self.function_log(name, "REPORT")
        self.assertIn("START RequestId", log)
        self.assertNotIn("INIT_START", log)

    def test_the_root_is_the_images_and_read_only(self):
        uri = self.push(base(**{"etc/motd": "hello", "etc/passwd": "me:x:1:1"}).directory("open", 0o777))
        name = self.function(uri)
        ask = lambda event: self.result(name, event)
        self.assertEqual(ask("ls /"), "bin dev etc open opt proc sys tmp var ")
        self.assertEqual(ask("cat /etc/motd"), "hello")
        self.assertEqual(ask("cat /etc/passwd"), "me:x:1:1")
        self.assertIn("localhost", ask("cat /etc/hosts"))
        self.assertEqual(ask("write /tmp/x"), "written")
        self.assertIn(ask("write /open/x"), ["Read-only file system", "Permission denied"])
        self.assertEqual(ask("stat /etc/motd"), "100644 0:0 1")
        self.assertEqual(ask("cat /proc/1/environ"), "No such file or directory", "the init is hidden")
        self.assertEqual(ask("ls /root"), "No such file or directory")

    def test_image_config_outweighs_the_image(self):
        uri = self.push(command=["of-the-image"])
        own = {"EntryPoint": ["/bin/runtime", "--own"], "Command": ["mine", "too"], "WorkingDirectory": "/tmp"}
        name = self.function(uri, ImageConfig=own)
        shown = self.lambda_.get_function_configuration(FunctionName=name)["ImageConfigResponse"]
        self.assertEqual(shown, {"ImageConfig": own})
        self.assertEqual(self.result(name, "args"), "/bin/runtime --own mine too")
        self.assertEqual(self.result(name, "cwd"), "/tmp")
        self.assertEqual(self.result(name, "env _HANDLER"), "mine too")
        updated = self.lambda_.update_function_configuration(FunctionName=name, ImageConfig={"Command": ["other"]})
        self.assertEqual(updated["ImageConfigResponse"], {"ImageConfig": {"Command": ["other"]}})
        self.wait_updated(name)
        self.assertEqual(self.result(name, "args"), "/bin/runtime other")
        self.lambda_.update_function_configuration(FunctionName=name, ImageConfig={})
        self.assertNotIn("ImageConfigResponse", self.wait_updated(name))
        self.assertEqual(self.result(name, "args"), "/bin/runtime of-the-image")

    def test_a_bare_entry_point_is_looked_for_in_the_path(self):
        name = self.function(self.push(entry=["runtime"], config={"Env": ["PATH=/nowhere:/bin"]}))
        self.assertEqual(self.result(name, "args"), "runtime app.handler")

    def test_a_moved_tag_changes_nothing_until_the_next_update(self):
        uri = self.push(base(version="one"))
        name = self.function(uri)
        first = self.pushed["digest"]
        self.push(base(version="two"), repository=self.repository)
        self.assertNotEqual(self.pushed["digest"], first)
        # A change of the configuration, which starts anew, is none of the code.
        self.lambda_.update_function_configuration(FunctionName=name, MemorySize=192)
        self.wait_updated(name)
        self.assertEqual(self.result(name, "cat /version"), "one")
        updated = self.lambda_.update_function_code(FunctionName=name, ImageUri=uri)
        self.assertEqual((updated["LastUpdateStatus"], updated["CodeSha256"]), ("InProgress", self.pushed["digest"][7:]))
        self.wait_updated(name)
        self.assertEqual(self.result(name, "cat /version"), "two")
        by_digest = f"{open_registry.host}/{self.repository}@{first}"
        self.lambda_.update_function_code(FunctionName=name, ImageUri=by_digest)
        self.wait_updated(name)
        self.assertEqual(self.result(name, "cat /version"), "one")

    def test_docker_manifests_plain_tars_and_indexes_are_taken(self):
        for more in [{"docker": True}, {"docker": True, "packed": False}, {"packed": False}]:
            self.assertEqual(self.result(self.function(self.push(base(a="b"), **more)), "cat /a"), "b", more)
        arm = self.push(base(arch="arm"), tag="arm", architecture="arm64")
        manifests = {"arm64": self.pushed}
        self.push(base(arch="intel"), repository=self.repository, tag="intel")
        manifests["amd64"] = self.pushed
        open_registry.index(self.repository, "both", manifests)
        name = self.function(arm.replace(":arm", ":both"))
        self.assertEqual(self.result(name, "cat /arch"), "intel")
        resolved = self.lambda_.get_function(FunctionName=name)["Code"]["ResolvedImageUri"]
        self.assertTrue(resolved.endswith(manifests["amd64"]["digest"]), resolved)

    def test_the_tree_of_an_image_is_made_once_outlives_a_restart_and_goes_with_its_last_function(self):
        folder = tempfile.mkdtemp(prefix="lambdad-sdk-")
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        server = harness.Server("--fetch-allow", "127.0.0.0/8", data_dir=folder)
        self.addCleanup(server.kill)
        role = server.make_role("images")
        client = server.client("lambda")
        uri = self.push(base(a="kept"))
        digest = self.pushed["digest"].removeprefix("sha256:")
        for name in ["one", "two"]:
            client.create_function(FunctionName=name, Role=role, PackageType="Image", Code={"ImageUri": uri})
            client.get_waiter("function_active_v2").wait(FunctionName=name)
        code = os.path.join(folder, "code")
        tree = os.path.join(code, digest)
        self.assertEqual(os.listdir(code), [digest])
        self.assertEqual(sorted(os.listdir(tree)), ["root", "start.json"])
        server.kill()
        # What a crash left half done is cleared away, and what was whole is used again: the registry is not asked.
        os.makedirs(os.path.join(code, "unfinished-1", "layers"))
        with harness.Server(data_dir=folder) as again:
            client = again.client("lambda")
            answer = client.invoke(FunctionName="one", Payload=b'"cat /a"')
            self.assertEqual(json.loads(answer["Payload"].read()), "kept")
            self.assertEqual(os.listdir(code), [digest])
            for name in ["one", "two"]:
                self.assertTrue(os.path.exists(tree))
                client.delete_function(FunctionName=name)
            harness.until(lambda: not os.path.exists(tree), what="the removal of the tree")


class Layers(Images):
    def test_layers_cover_each_other_and_whiteouts_take_away(self):
        below = base(gone="x", kept="x", **{"d/old": "x", "e/old": "x", "f/x": "x"})
        above = registries.Tar().add(".wh.gone").add("d/.wh..wh..opq").add("d/new", "n").add(".wh.f").add("kept", "new")
        name = self.function(self.push(below, above))
        ask = lambda event: self.result(name, event)
        self.assertEqual(ask("cat /gone"), "No such file or directory")
        self.assertEqual(ask("ls /f"), "No such file or directory")
        self.assertEqual((ask("ls /d"), ask("ls /e"), ask("cat /kept")), ("new ", "old ", "new"))

    def test_hostile_layers_are_laid_harmlessly(self):
        outside = os.path.join(self.server.data_dir, "outside")
        os.makedirs(outside, exist_ok=True)
        with open(os.path.join(outside, "secret"), "w") as file:
            file.write("the host's")
        layer = (
            base()
            .add("/absolute", "in the image")
            .link("leak", os.path.join(outside, "secret"))
            .link("climb", "../../../../../../../../etc/shadow")
            .link("tmp", "/etc")
            .hard_link("bin/again", "bin/runtime")
            .add("dev/sda", kind=BLOCK, mode=0o666, device=(8, 0))
            .add("kmem", kind=CHARACTER, mode=0o666, device=(1, 2))
            .add("pipe", kind=PIPE)
            .add("su", "#!", mode=0o6755)
        )
        name = self.function(self.push(layer))
        ask = lambda event: self.result(name, event)
        self.assertEqual(ask("cat /absolute"), "in the image")
        self.assertEqual((ask("cat /leak"), ask("cat /climb")), ("No such file or directory",) * 2)
        self.assertEqual(ask("write /tmp/x"), "written")
        self.assertEqual(ask("stat /bin/again"), "100755 0:0 2")
        self.assertEqual((ask("stat /dev/sda"), ask("stat /kmem"), ask("stat /pipe")), ("No such file or directory",) * 3)
        self.assertEqual(ask("stat /su"), "100755 0:0 1")
        self.assertEqual(os.listdir(outside), ["secret"])

    def test_layers_that_lead_out_fail_the_function(self):
        outside = os.path.join(self.server.data_dir, "elsewhere")
        os.makedirs(outside, exist_ok=True)
        for hostile in [
            base().add("../../evil", "x"),
            base().add("a/../../evil", "x"),
            base().link("out", outside).add("out/evil", "x"),
            base().hard_link("evil", "../../../etc/passwd"),
            base().add("d/.wh..", ""),
        ]:
            parameters = self.image_parameters(self.push(hostile))
            self.lambda_.create_function(**parameters)
            configuration = self.failed(parameters["FunctionName"])
            self.assertEqual(configuration["StateReasonCode"], "InvalidImage")
        self.assertEqual(os.listdir(outside), [])
        self.assertEqual([name for name in os.listdir(os.path.join(self.server.data_dir, "code")) if "unf" in name], [])

    def test_a_sparse_file_that_is_huge_fails_the_function(self):
        entry = tarfile.TarInfo("huge")
        entry.size, entry.mode = 1 << 40, 0o644
        tar = base().bytes()
        # The entry stands ahead of the end, which are blocks of zeros.
        hostile = tar.rstrip(b"\0")
        hostile += b"\0" * (-len(hostile) % 512) + entry.tobuf(tarfile.GNU_FORMAT)
        repository = self.name("image")
        open_registry.image(repository, "v1", [hostile], {"Cmd": ["/bin/runtime"]})
        parameters = self.image_parameters(f"{open_registry.host}/{repository}:v1")
        self.lambda_.create_function(**parameters)
        self.assertEqual(self.failed(parameters["FunctionName"])["StateReasonCode"], "InvalidImage")

    def test_bytes_that_are_not_what_their_digest_says_fail_the_function(self):
        uri = self.push()
        open_registry.corrupt(self.pushed["layers"][0]["digest"])
        parameters = self.image_parameters(uri)
        self.lambda_.create_function(**parameters)
        name = parameters["FunctionName"]
        self.assertEqual(self.failed(name)["StateReasonCode"], "InvalidImage")
        self.refused(
            409,
            "ResourceConflictException",
            "The operation cannot be performed at this time. The function is currently in the following state: Failed",
            self.lambda_.invoke,
            FunctionName=name,
        )
        # It is mended by an image that is well.
        self.lambda_.update_function_code(FunctionName=name, ImageUri=self.push(base(well="yes")))
        self.wait_updated(name)
        self.assertEqual(self.result(name, "cat /well"), "yes")

    def test_an_update_that_fails_leaves_what_ran(self):
        name = self.function(self.push(base(version="well")))
        uri = self.push(base(version="ill"))
        open_registry.corrupt(self.pushed["layers"][0]["digest"])
        self.lambda_.update_function_code(FunctionName=name, ImageUri=uri)
        configuration = harness.until(
            lambda: (it := self.lambda_.get_function_configuration(FunctionName=name))["LastUpdateStatus"]
            != "InProgress"
            and it
        )
        found = [configuration[key] for key in ["State", "LastUpdateStatus", "LastUpdateStatusReasonCode"]]
        self.assertEqual(found, ["Active", "Failed", "InvalidImage"])
        self.assertEqual(self.result(name, "cat /version"), "well")


class Failures(Images):
    def failure(self, name, event="x"):
        response, payload = self.invoke(name, event)
        self.assertEqual(response["FunctionError"], "Unhandled")
        return payload["errorType"], payload["errorMessage"].partition("Error: ")[2]

    def test_what_cannot_be_started_says_why(self):
        layer = base(text="no program")
        for entry, told in [
            (["/missing"], "fork/exec /missing: no such file or directory"),
            (["missing"], 'exec: "missing": executable file not found in $PATH'),
            (["/text"], "fork/exec /text: permission denied"),
        ]:
            name = self.function(self.push(layer if entry == ["/text"] else base(), entry=entry))
            self.assertEqual(self.failure(name), ("Runtime.InvalidEntrypoint", told))
        name = self.function(self.push(entry=[], command=[]))
        self.assertEqual(self.failure(name)[0], "Runtime.InvalidEntrypoint")

    def test_a_working_directory_that_is_not_there_says_so(self):
        name = self.function(self.push(), ImageConfig={"WorkingDirectory": "/nowhere"})
        self.assertEqual(self.failure(name), ("Runtime.InvalidWorkingDir", "chdir /nowhere: no such file or directory"))
        self.function_log(name, "Error Type: Runtime.InvalidWorkingDir")

    def test_an_exit_is_reported_and_survived(self):
        name = self.function(self.push())
        self.assertEqual(self.failure(name, "exit 7"), ("Runtime.ExitError", "Runtime exited with error: exit status 7"))
        self.assertEqual(self.result(name, "cwd"), "/")


class Refusals(Images):
    def no(self, message, call, **parameters):
        self.refused(400, "InvalidParameterValueException", message, call, **parameters)

    def test_images_and_archives_are_not_mixed(self):
        uri = self.push()
        create, code = self.lambda_.create_function, self.lambda_.update_function_code
        both = "Please don't provide Handler or Runtime or Layer when the intended function PackageType is Image."
        self.no(both, create, **self.image_parameters(uri, Handler="a.b"))
        self.no(both, create, **self.image_parameters(uri, Runtime=harness.PYTHON))
        self.no(
            "Please provide ImageUri when creating a function with packageType Image.",
            create,
            **self.image_parameters(uri, Code={"ZipFile": harness.HELLO}),
        )
        self.no(
            "Please don't provide ImageUri when creating a function with packageType Zip.",
            create,
            **self.parameters(Code={"ImageUri": uri}),
        )
        zipped = self.create()
        self.no(
            "Please don't provide ImageUri when updating a function with packageType Zip.",
            code,
            FunctionName=zipped,
            ImageUri=uri,
        )
        image = self.function(uri)
        self.no(
            "Please provide ImageUri when updating a function with packageType Image.",
            code,
            FunctionName=image,
            ZipFile=harness.HELLO,
        )
        self.no(both, self.lambda_.update_function_configuration, FunctionName=image, Handler="a.b")

    def test_a_name_that_is_none_is_refused(self):
        for uri in ["", "python:3.12", "a.b/UPPER", "user@a.b/x", "a.b/x@sha256:12", "http://a.b/x"]:
            self.no(
                f"Source image {uri} is not valid. Provide a valid source image.",
                self.lambda_.create_function,
                **self.image_parameters(uri),
            )

    def test_an_image_that_is_not_there_is_refused(self):
        for uri in [f"{open_registry.host}/nothing:here", self.push() + "-not", self.push().replace(":v1", "") + "@sha256:" + "0" * 64]:
            self.no(
                f"Source image {uri} does not exist. Provide a valid source image.",
                self.lambda_.create_function,
                **self.image_parameters(uri),
            )

    def test_another_architecture_is_refused(self):
        uri = self.push(architecture="arm64")
        self.no(NOT_SUPPORTED.format(uri), self.lambda_.create_function, **self.image_parameters(uri))
        open_registry.index(self.repository, "index", {"arm64": self.pushed})
        uri = uri.replace(":v1", ":index")
        self.no(NOT_SUPPORTED.format(uri), self.lambda_.create_function, **self.image_parameters(uri))

    def test_a_registry_with_a_lock_is_opened_by_the_operators_password_alone(self):
        layers = [base(a="locked").bytes()]
        locked_registry.image("secret", "v1", layers, {"Cmd": ["/bin/runtime"]})
        uri = f"{locked_registry.host}/secret:v1"
        self.assertEqual(self.result(self.function(uri), "cat /a"), "locked")
        # The same registry under a name for which there is no password.
        uri = uri.replace("127.0.0.1", "localhost")
        self.refused(
            403,
            "AccessDeniedException",
            "Lambda does not have permission to access the ECR image. Check the ECR permissions.",
            self.lambda_.create_function,
            **self.image_parameters(uri),
        )

    def test_addresses_of_the_host_are_not_reached_unless_allowed(self):
        with harness.Server() as server:
            role = server.make_role("images")
            for host in [open_registry.host, open_registry.host.replace("127.0.0.1", "localhost")]:
                uri = f"{host}/{self.name()}:v1"
                parameters = self.image_parameters(uri, Role=role)
                self.no(
                    f"Source image {uri} cannot be fetched: its registry gives no answer or may not be asked.",
                    server.client("lambda").create_function,
                    **parameters,
                )
            self.assertIn("--fetch-allow", server.log())


class BaseImages(Images):
    """Images with the layout of AWS's base images, as managed runtimes; AWS's own can't be reached from everywhere."""

    def lambdad(self, *arguments):
        command = [harness.binary(), "runtimes", *arguments, "--data-dir", self.server.data_dir]
        return subprocess.run(command, capture_output=True, text=True, timeout=120)

    def test_a_base_image_serves_zip_functions_of_its_runtime(self):
        repository = self.name("lambda") + "/java"
        layer = registries.Tar().add("var/runtime/bootstrap", runtime, mode=0o755).add("var/lang/release", "21")
        env = ["PATH=/var/lang/bin:/bin", "LANG=en_US.UTF-8", "LAMBDA_TASK_ROOT=/var/task"]
        image = open_registry.image(repository, "21", [layer.bytes()], {"Env": env, "Entrypoint": ["/lambda-entrypoint.sh"]})
        uri = f"{open_registry.host}/{repository}:21"
        parameters = self.parameters(Runtime="java21", Handler="example.App", Timeout=20)
        missing = self.fault(self.lambda_.create_function, **parameters)
        self.assertIn("java21", missing["Error"]["Message"])
        added = self.lambdad("add", uri, "--fetch-allow", "127.0.0.1")
        self.assertEqual(added.returncode, 0, added.stderr)
        self.assertEqual(added.stdout, f"java21 is {uri} ({image['digest']})\n")
        self.assertRegex(self.lambdad().stdout, rf"java21 +image +{uri}")
        # The server that was running all the while has it.
        name = parameters["FunctionName"]
        self.lambda_.create_function(**parameters)
        self.wait_active(name)
        ask = lambda event: self.result(name, event)
        self.assertEqual((ask("cwd"), ask("args")), ("/var/task", "/var/runtime/bootstrap"))
        self.assertIn("def handler", ask("cat /var/task/app.py"))
        self.assertEqual(ask("cat /var/lang/release"), "21")
        self.assertEqual([ask(f"env {key}") for key in ["_HANDLER", "PATH", "AWS_EXECUTION_ENV"]],
                         ["example.App", "/var/lang/bin:/bin", "AWS_Lambda_java21"])
        digest = image["digest"].removeprefix("sha256:")
        self.function_log(name, f"INIT_START Runtime Version: java:21.image.{digest[:12]}")
        self.assertEqual(self.lambdad("remove", "java21").returncode, 0)
        self.assertIn("java21", self.fault(self.lambda_.create_function, **self.parameters(Runtime="java21"))["Error"]["Message"])

    def test_what_is_no_base_image_is_not_added(self):
        added = self.lambdad("add", self.push(), "--as", "java17", "--fetch-allow", "127.0.0.1")
        self.assertEqual(added.returncode, 1)
        self.assertIn("the image has no /var/runtime/bootstrap", added.stderr)
        for arguments in [[f"{open_registry.host}/x:1"], ["python:3.12"], [f"{open_registry.host}/x:1", "--as", "cobol"]]:
            self.assertEqual(self.lambdad("add", *arguments).returncode, 1, arguments)
        left = os.listdir(os.path.join(self.server.data_dir, "runtime-images"))
        self.assertEqual([name for name in left if name.startswith("unfinished")], [])
