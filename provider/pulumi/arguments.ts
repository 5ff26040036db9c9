// What a program says, as Pulumi's programs say it: every value may be one that another resource gives.
import type * as pulumi from "@pulumi/pulumi";

type Inside<T> = T extends readonly (infer Item)[]
  ? Given<Item>[]
  : T extends object
    ? { [K in keyof T]: T[K] extends NonNullable<T[K]> ? Given<T[K]> : Given<NonNullable<T[K]>> | undefined }
    : T;

export type Given<T> = pulumi.Input<Inside<T>>;

/** The fields of `T` with their words; each may be an Output. */
export type Arguments<T> = {
  [K in keyof T]: T[K] extends NonNullable<T[K]> ? Given<T[K]> : Given<NonNullable<T[K]>> | undefined;
};
