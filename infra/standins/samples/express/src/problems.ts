import type { ErrorRequestHandler, RequestHandler, Response } from "express";

/** Something went wrong that the caller may know of. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
    this.name = "Problem";
  }
}

function send(response: Response, status: number, title: string): void {
  response
    .status(status)
    .type("application/problem+json")
    .send(JSON.stringify({ type: "about:blank", status, title }));
}

/** There is nothing at this path. */
export const notFound: RequestHandler = (_request, response) => {
  send(response, 404, "nothing is here");
};

/** Converts an error of a handler. The client sees details only of a `Problem`. */
export const onError: ErrorRequestHandler = (error, _request, response, next) => {
  if (response.headersSent) {
    next(error);
  } else if (error instanceof Problem) {
    send(response, error.status, error.message);
  } else {
    console.error(error);
    send(response, 500, "something went wrong here");
  }
};
