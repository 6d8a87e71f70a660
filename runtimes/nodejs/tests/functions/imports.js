require("no-such-module"); exports.handler = 1;
