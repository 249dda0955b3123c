/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "certificate_extensions.h"

#include <openssl/asn1.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>

#include "binding.h"

/* TCG's attributes (TCG OID Registry).  */
#define OID_MANUFACTURER "2.23.133.2.1"
#define OID_MODEL "2.23.133.2.2"
#define OID_VERSION "2.23.133.2.3"
#define OID_SPECIFICATION "2.23.133.2.16"

static inline void
cleanup_names (GENERAL_NAMES **names)
{
  GENERAL_NAMES_free (*names);
}

static inline void
cleanup_name (X509_NAME **name)
{
  X509_NAME_free (*name);
}

static inline void
cleanup_types (ASN1_SEQUENCE_ANY **types)
{
  sk_ASN1_TYPE_pop_free (*types, ASN1_TYPE_free);
}

static inline void
cleanup_der (unsigned char **der)
{
  OPENSSL_free (*der);
}

#define _cleanup_names_ VTPM_CLEANUP (cleanup_names)
#define _cleanup_name_ VTPM_CLEANUP (cleanup_name)
#define _cleanup_types_ VTPM_CLEANUP (cleanup_types)
#define _cleanup_der_ VTPM_CLEANUP (cleanup_der)

static int
fail (const char *what, struct vtpm_error **error)
{
  return vtpm_error_set_plain (error, EINVAL, "the certificate's %s cannot be made", what);
}

/* Those that OpenSSL makes from text.  */
static int
add_text (X509 *certificate, X509 *issuer, int nid, const char *value, struct vtpm_error **error)
{
  X509V3_CTX context;
  X509_EXTENSION *extension;
  int result;

  X509V3_set_ctx (&context, issuer, certificate, NULL, NULL, 0);
  extension = X509V3_EXT_conf_nid (NULL, &context, nid, value);
  if (extension == NULL)
    return fail (OBJ_nid2ln (nid), error);
  result = X509_add_ext (certificate, extension, -1);
  X509_EXTENSION_free (extension);
  return result == 1 ? 0 : fail (OBJ_nid2ln (nid), error);
}

static int
add_attribute (X509_NAME *name, const char *oid, const char *value)
{
  ASN1_OBJECT *object = OBJ_txt2obj (oid, 1);
  int result = object == NULL ? 0
                              : X509_NAME_add_entry_by_OBJ (name, object, MBSTRING_UTF8,
                                                            (const unsigned char *) value, -1, -1, 0);

  ASN1_OBJECT_free (object);
  return result == 1 ? 0 : -1;
}

/* Takes over VALUE, which may be NULL.  */
static int
push_name (GENERAL_NAMES *names, int type, void *value)
{
  GENERAL_NAME *name = value == NULL ? NULL : GENERAL_NAME_new ();

  if (name == NULL)
    return -1;
  GENERAL_NAME_set0_value (name, type, value);
  if (sk_GENERAL_NAME_push (names, name) > 0)
    return 0;
  GENERAL_NAME_free (name);
  return -1;
}

char *
vtpm_certificate_tpm_id (uint32_t number, char text[VTPM_TPM_ID_SIZE])
{
  snprintf (text, VTPM_TPM_ID_SIZE, "id:%08X", number);
  return text;
}

/* EK Credential Profile, 3.2.9: manufacturer, model and version of the TPM.  */
static int
push_tpm (GENERAL_NAMES *names, const struct vtpm_certificate_request *request)
{
  _cleanup_name_ X509_NAME *name = X509_NAME_new ();
  char manufacturer[VTPM_TPM_ID_SIZE], version[VTPM_TPM_ID_SIZE];

  vtpm_certificate_tpm_id (request->manufacturer, manufacturer);
  vtpm_certificate_tpm_id (request->firmware_version, version);
  if (name == NULL || add_attribute (name, OID_MANUFACTURER, manufacturer) < 0
      || add_attribute (name, OID_MODEL, VTPM_TPM_MODEL) < 0
      || add_attribute (name, OID_VERSION, version) < 0)
    return -1;
  return push_name (names, GEN_DIRNAME, vtpm_steal_pointer (&name));
}

static int
push_uri (GENERAL_NAMES *names, const char *text)
{
  ASN1_IA5STRING *uri = ASN1_IA5STRING_new ();

  if (uri != NULL && ASN1_STRING_set (uri, text, -1) == 1)
    return push_name (names, GEN_URI, uri);
  ASN1_IA5STRING_free (uri);
  return -1;
}

static int
add_alternative_names (X509 *certificate, const struct vtpm_certificate_request *request,
                       const struct vtpm_certificate_policy *policy, struct vtpm_error **error)
{
  _cleanup_names_ GENERAL_NAMES *names = sk_GENERAL_NAME_new_null ();
  _cleanup_free_ char *uri = NULL;

  if (policy->uri != NULL
      && vtpm_binding_expand (policy->uri, &request->binding, &uri, error) < 0)
    return -1;
  if (names == NULL || push_tpm (names, request) < 0 || (uri != NULL && push_uri (names, uri) < 0)
      || X509_add1_ext_i2d (certificate, NID_subject_alt_name, names, 1, 0) != 1)
    return fail ("subject alternative name", error);
  return 0;
}

static int
push_type (ASN1_SEQUENCE_ANY *types, int type, void *value)
{
  ASN1_TYPE *made = value == NULL ? NULL : ASN1_TYPE_new ();

  if (made == NULL)
    return -1;
  ASN1_TYPE_set (made, type, value);
  if (sk_ASN1_TYPE_push (types, made) > 0)
    return 0;
  ASN1_TYPE_free (made);
  return -1;
}

static ASN1_INTEGER *
make_integer (uint32_t value)
{
  ASN1_INTEGER *integer = ASN1_INTEGER_new ();

  if (integer != NULL && ASN1_INTEGER_set_uint64 (integer, value) == 1)
    return integer;
  ASN1_INTEGER_free (integer);
  return NULL;
}

static ASN1_UTF8STRING *
make_text (const char *value)
{
  ASN1_UTF8STRING *text = ASN1_UTF8STRING_new ();

  if (text != NULL && ASN1_STRING_set (text, value, -1) == 1)
    return text;
  ASN1_UTF8STRING_free (text);
  return NULL;
}

/* TPMSpecification: family, level, revision.  */
static int
encode_specification (const struct vtpm_certificate_request *request, unsigned char **der)
{
  _cleanup_types_ ASN1_SEQUENCE_ANY *parts = sk_ASN1_TYPE_new_null ();

  if (parts == NULL
      || push_type (parts, V_ASN1_UTF8STRING, make_text (vtpm_tpm_version_name (request->version))) < 0
      || push_type (parts, V_ASN1_INTEGER, make_integer (request->level)) < 0
      || push_type (parts, V_ASN1_INTEGER, make_integer (request->revision)) < 0)
    return -1;
  return i2d_ASN1_SEQUENCE_ANY (parts, der);
}

static X509_ATTRIBUTE *
make_attribute (const struct vtpm_certificate_request *request)
{
  _cleanup_der_ unsigned char *specification = NULL;
  ASN1_OBJECT *object = OBJ_txt2obj (OID_SPECIFICATION, 1);
  int size = encode_specification (request, &specification);
  X509_ATTRIBUTE *attribute = NULL;

  if (size > 0 && object != NULL)
    attribute = X509_ATTRIBUTE_create_by_OBJ (NULL, object, V_ASN1_SEQUENCE, specification, size);
  ASN1_OBJECT_free (object);
  return attribute;
}

/* RFC 5280, 4.2.1.8: a sequence of attributes, of which we have one.  */
static int
encode_directory_attributes (const struct vtpm_certificate_request *request, unsigned char **der)
{
  _cleanup_types_ ASN1_SEQUENCE_ANY *attributes = sk_ASN1_TYPE_new_null ();
  _cleanup_der_ unsigned char *encoded = NULL;
  X509_ATTRIBUTE *attribute = make_attribute (request);
  int size = attribute == NULL ? -1 : i2d_X509_ATTRIBUTE (attribute, &encoded);
  ASN1_STRING *sequence = ASN1_STRING_new ();

  X509_ATTRIBUTE_free (attribute);
  if (attributes == NULL || size <= 0 || sequence == NULL
      || ASN1_STRING_set (sequence, encoded, size) != 1)
    {
      ASN1_STRING_free (sequence);
      return -1;
    }
  if (push_type (attributes, V_ASN1_SEQUENCE, sequence) < 0)
    return -1;
  return i2d_ASN1_SEQUENCE_ANY (attributes, der);
}

static int
add_directory_attributes (X509 *certificate, const struct vtpm_certificate_request *request,
                          struct vtpm_error **error)
{
  _cleanup_der_ unsigned char *der = NULL;
  int size = encode_directory_attributes (request, &der);
  ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new ();
  X509_EXTENSION *extension = NULL;
  int result = 0;

  if (size > 0 && value != NULL && ASN1_OCTET_STRING_set (value, der, size) == 1)
    extension = X509_EXTENSION_create_by_NID (NULL, NID_subject_directory_attributes, 0, value);
  if (extension != NULL)
    result = X509_add_ext (certificate, extension, -1);
  X509_EXTENSION_free (extension);
  ASN1_OCTET_STRING_free (value);
  return result == 1 ? 0 : fail ("subject directory attributes", error);
}

/* A key that decrypts, or one that two parties agree on a secret with: an endorsement key
   never signs.  */
static const char *
get_key_usage (const X509 *certificate)
{
  return EVP_PKEY_get_base_id (X509_get0_pubkey (certificate)) == EVP_PKEY_RSA
             ? "critical,keyEncipherment"
             : "critical,keyAgreement";
}

static int
add_places (X509 *certificate, const struct vtpm_certificate_policy *policy, X509 *issuer,
            struct vtpm_error **error)
{
  char text[1200];
  bool both = policy->issuer_url != NULL && policy->ocsp_url != NULL;

  if (policy->crl_url != NULL)
    {
      snprintf (text, sizeof (text), "URI:%s", policy->crl_url);
      if (add_text (certificate, issuer, NID_crl_distribution_points, text, error) < 0)
        return -1;
    }
  if (policy->issuer_url == NULL && policy->ocsp_url == NULL)
    return 0;
  snprintf (text, sizeof (text), "%s%s%s%s%s", policy->issuer_url != NULL ? "caIssuers;URI:" : "",
            policy->issuer_url != NULL ? policy->issuer_url : "", both ? "," : "",
            policy->ocsp_url != NULL ? "OCSP;URI:" : "",
            policy->ocsp_url != NULL ? policy->ocsp_url : "");
  return add_text (certificate, issuer, NID_info_access, text, error);
}

int
vtpm_certificate_add_extensions (X509 *certificate, const struct vtpm_certificate_request *request,
                                 const struct vtpm_certificate_policy *policy, X509 *issuer,
                                 struct vtpm_error **error)
{
  if (add_text (certificate, issuer, NID_basic_constraints, "critical,CA:FALSE", error) < 0
      || add_text (certificate, issuer, NID_key_usage, get_key_usage (certificate), error) < 0
      || add_text (certificate, issuer, NID_ext_key_usage, VTPM_EKU_EK, error) < 0
      || add_text (certificate, issuer, NID_subject_key_identifier, "hash", error) < 0
      || add_text (certificate, issuer, NID_authority_key_identifier, "keyid:always", error) < 0
      || add_alternative_names (certificate, request, policy, error) < 0
      || add_directory_attributes (certificate, request, error) < 0)
    return -1;
  return add_places (certificate, policy, issuer, error);
}
