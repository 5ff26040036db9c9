import * as pulumi from "@pulumi/pulumi";
import { componentToken } from "../door";
import { atItsUsersPlace } from "../place";

/** A component of this package. */
export abstract class MacvlanComponent extends pulumi.ComponentResource {
  protected constructor(type: string, name: string, options?: pulumi.ComponentResourceOptions) {
    const place = atItsUsersPlace();
    try {
      super(componentToken(type), name, {}, options);
    } finally {
      place.end();
    }
  }
}
