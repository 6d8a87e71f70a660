import { where } from "lambdad-test-package";

export const handler = async (event) => (event.missing ? import("lambdad-missing-package") : where);
