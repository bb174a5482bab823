// Options of @hey-api/openapi-ts: Node loads a module by its whole name.
const { CONTRACT: input, OUTPUT: path } = process.env;

export default { input, output: { path, module: { extension: ".js" } } };
