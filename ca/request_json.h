/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_REQUEST_JSON_H
#define OCI_VTPM_REQUEST_JSON_H

/*
 * A certificate request for a program of somebody else's, a JSON object:
 *
 *   "publicKey"         PEM (SubjectPublicKeyInfo)
 *   "purpose"           "EK"
 *   "tpm"               "family" ("2.0"), "level", "revision" (164), "manufacturer"
 *                       ("id:49424D00"), "model", "version" ("id:20191023")
 *   "uuid", "container", "namespace", "pod", "host"
 *                       whom it is for; what there is not is left out
 */

#include <json-c/json.h>

#include "certificate_request.h"
#include "error.h"

/* The caller puts *JSON.  EINVAL: the key is none.  */
int vtpm_request_to_json (const struct vtpm_certificate_request *request, json_object **json,
                          struct vtpm_error **error);

#endif
