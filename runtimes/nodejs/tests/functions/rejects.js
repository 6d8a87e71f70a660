Promise.reject(new Error("at load, unhandled")); exports.handler = async () => 1; require("fs").readFileSync(__filename); 
