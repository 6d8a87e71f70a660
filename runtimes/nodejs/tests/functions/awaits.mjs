export const handler = async () => "top level await: " + await Promise.resolve(1);
