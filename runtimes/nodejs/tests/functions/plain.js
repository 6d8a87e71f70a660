exports.handler = async () => "cjs " + typeof require.main; exports.missing = async () => require("no-such-module");
