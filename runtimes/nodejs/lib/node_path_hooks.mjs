// What node_path.cjs registers where Node.js runs hooks on a thread of their own.
import { BARE, NOT_FOUND } from "./node_path.cjs";

let found = [];

export function initialize(parents) {
  found = parents;
}

export async function resolve(specifier, context, next) {
  try {
    return await next(specifier, context);
  } catch (error) {
    if (error?.code !== NOT_FOUND || !BARE.test(specifier)) throw error;
    for (const parentURL of found) {
      try {
        return await next(specifier, { ...context, parentURL });
      } catch (other) {
        if (other?.code !== NOT_FOUND) throw other;
      }
    }
    throw error;
  }
}
