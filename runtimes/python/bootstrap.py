"""The start of a Python environment: where modules are found, then the runtime's loop.

Run as `/var/lang/bin/python3 -S /var/runtime/bootstrap.py`. `-S` keeps the host's site-packages (and their
.pth files) out and saves the time that looking for them takes; what AWS's runtime has through `site`
(`exit`, `quit`) is given back here. The package beside this file answers to the name `awslambdaric`
because functions and monitoring agents import that name in Lambda.
"""

import builtins
import os
import sys

RUNTIME_DIR = os.path.dirname(os.path.abspath(__file__))
TASK_ROOT = "/var/task"
LAYERS = "/opt/python"
# Where the operator's AWS SDK is bound, if there is one.
SDK = RUNTIME_DIR + "/site-packages"


def layer_directories():
    """Where a layer may put Python packages, in AWS's order."""
    version = "python%d.%d" % sys.version_info[:2]
    return [LAYERS + "/lib/" + version + "/site-packages", LAYERS]


def sdk_directories():
    """The SDK, behind the library as in Lambda: what a function or a layer brings comes first."""
    try:
        return [SDK] if os.listdir(SDK) else []
    except OSError:
        return []


def is_host_package(directory):
    """Whether a path entry holds what somebody installed on the host for its own use."""
    name = os.path.basename(directory.rstrip("/"))
    return name in ("site-packages", "dist-packages") and directory.startswith((sys.prefix, "/usr", "/root", "/home"))


def search_path(inherited, customers_pythonpath):
    """sys.path as in Lambda: the function, its layers (unless PYTHONPATH was set), the runtime, the library, the SDK, the layers."""
    layers = layer_directories()
    ahead = [os.environ.get("LAMBDA_TASK_ROOT", TASK_ROOT)]
    if not customers_pythonpath:
        ahead += layers
    library = [d for d in inherited if d != RUNTIME_DIR and not is_host_package(d)]
    return ahead + [RUNTIME_DIR] + library + sdk_directories() + layers


def prepare_environment():
    """Give the process the variables and builtins that AWS's runtime has; answers whether PYTHONPATH is the customer's."""
    customers_pythonpath = os.environ.get("PYTHONPATH", RUNTIME_DIR) != RUNTIME_DIR
    os.environ.setdefault("PYTHONPATH", RUNTIME_DIR)
    if "LC_ALL" not in os.environ:
        os.environ.setdefault("LC_CTYPE", "C.UTF-8")
    if not hasattr(builtins, "exit"):
        import _sitebuiltins

        builtins.quit = _sitebuiltins.Quitter("quit", "Ctrl-D (i.e. EOF)")
        builtins.exit = _sitebuiltins.Quitter("exit", "Ctrl-D (i.e. EOF)")
    return customers_pythonpath


def take_socket_option(arguments):
    """Remove `--socket PATH` (tests only) from the arguments: a function sees Lambda's sys.argv."""
    if "--socket" not in arguments:
        return None
    at = arguments.index("--socket")
    path = arguments[at + 1]
    del arguments[at : at + 2]
    return path


if __name__ == "__main__":
    # Our package is imported before the function's directory is searched: a function that carries
    # AWS's package of the same name must not replace the runtime it is started by.
    from awslambdaric import bootstrap

    socket_path = take_socket_option(sys.argv)
    sys.path[:] = search_path(sys.path, prepare_environment())
    bootstrap.main(os.environ["_HANDLER"], socket_path)
