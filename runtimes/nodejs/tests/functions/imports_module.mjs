import "no-such-module";
