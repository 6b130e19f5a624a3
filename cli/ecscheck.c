#include "cli/ecscheck.h"

#include "core/config.h"
#include "core/configtable.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FARGATE_STOP_MAX = 120, /* seconds that Fargate waits at most between SIGTERM and SIGKILL */
    STOP_DEFAULT = 30,      /* what ECS waits when the definition says nothing */
    PROFILE_NAMES_MAX = 256 /* variables of a container that are looked at */
};

/* Stands for a value that only AWS knows: long enough, no placeholder, and a passphrase. */
static const char s_stand_in[] = "0f0e0d0c0b0a09080706050403020100-stand-in";

typedef struct ecs {
    const json_t *task;
    const json_t *container;
    bool fargate;
    mg_config_t config; /* what memgate would read in the container */
    mg_buf_t *problems;
    mg_buf_t *warnings;
} ecs_t;

/* --- reading JSON --- */

static const char *
s_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

/* The member of an array of objects whose `key` is `value`. */
static const json_t *
s_find(const json_t *array, const char *key, const char *value)
{
    size_t i = 0;
    json_t *member = NULL;
    json_array_foreach(array, i, member)
    {
        if (strcmp(s_text(member, key), value) == 0) {
            return member;
        }
    }
    return NULL;
}

static void
s_problem(const ecs_t *self, bool is_one, const char *sentence)
{
    if (is_one) {
        mg_buf_append_format(self->problems, "%s\n", sentence);
    }
}

/* --- the container's variables --- */

/* The row of a variable by name, alias, or the _FILE of either. */
static const mg_config_row_t *
s_row_of(const char *name)
{
    for (size_t i = 0; mg_config_row(i); i++) {
        const mg_config_row_t *row = mg_config_row(i);
        const char *names[] = {row->name, row->alias};
        for (size_t j = 0; j < 2 && names[j]; j++) {
            size_t len = strlen(names[j]);
            if (strncmp(name, names[j], len) == 0 &&
                (!name[len] || strcmp(name + len, "_FILE") == 0)) {
                return row;
            }
        }
    }
    return NULL;
}

/* Appends NAME=value; a file of the container can not be read here, so a stand-in takes its place. */
static void
s_add_variable(char **profile, size_t *count, const char *name, const char *value)
{
    static const char file[] = "_FILE";
    size_t len = strlen(name);
    if (*count + 1 >= PROFILE_NAMES_MAX) {
        return;
    }
    if (len > strlen(file) && strcmp(name + len - strlen(file), file) == 0 && s_row_of(name)) {
        len -= strlen(file);
        value = s_stand_in;
    }
    size_t size = len + strlen(value) + 2;
    char *pair = malloc(size);
    if (pair) {
        (void)snprintf(pair, size, "%.*s=%s", (int)len, name, value);
        profile[(*count)++] = pair;
    }
}

/* What memgate would say to the container's variables; they become this process's environment for that. */
static void
s_read_variables(ecs_t *self)
{
    char *profile[PROFILE_NAMES_MAX] = {0};
    char *pairs[PROFILE_NAMES_MAX];
    size_t count = 0;
    size_t i = 0;
    json_t *member = NULL;
    json_array_foreach(json_object_get(self->container, "environment"), i, member)
    {
        s_add_variable(profile, &count, s_text(member, "name"), s_text(member, "value"));
    }
    json_array_foreach(json_object_get(self->container, "secrets"), i, member)
    {
        s_add_variable(profile, &count, s_text(member, "name"), s_stand_in);
    }
    s_add_variable(profile, &count, "HOST", "0.0.0.0"); /* the image's own; the first one wins */
    memcpy(pairs, profile, sizeof pairs);               /* reading takes secrets out of the list */
    char **own = mg_config_swap_environment(profile);
    mg_status_t status = mg_config_read(&self->config, true, self->problems, self->warnings);
    (void)mg_config_swap_environment(own);
    (void)status; /* the problems say it */
    for (i = 0; i < count; i++) {
        free(pairs[i]);
    }
}

static void
s_check_secrets(ecs_t *self)
{
    size_t i = 0;
    json_t *member = NULL;
    json_array_foreach(json_object_get(self->container, "environment"), i, member)
    {
        const mg_config_row_t *row = s_row_of(s_text(member, "name"));
        bool in_clear = row && row->kind == MG_KIND_SECRET && *s_text(member, "value") &&
                        !strstr(s_text(member, "name"), "_FILE");
        if (in_clear) {
            mg_buf_append_format(
                self->problems,
                "%s stands in the clear in `environment`: whoever may read the "
                "task definition has it; move it to `secrets` (Secrets Manager).\n",
                s_text(member, "name"));
        }
    }
    json_array_foreach(json_object_get(self->container, "secrets"), i, member)
    {
        if (strncmp(s_text(member, "valueFrom"), "arn:", 4) != 0) {
            mg_buf_append_format(self->problems,
                                 "the secret %s has no ARN in `valueFrom`: give that of the secret "
                                 "in Secrets Manager.\n",
                                 s_text(member, "name"));
        }
    }
    s_problem(self,
              json_array_size(json_object_get(self->container, "secrets")) &&
                  !*s_text(self->task, "executionRoleArn"),
              "executionRoleArn is missing: ECS reads the secrets with that role.");
}

/* --- where the dumps go --- */

/* The folder of MEM_DUMP_PATH, as seen from the image's working directory. */
static void
s_dump_folder(const ecs_t *self, char *out, size_t size)
{
    const char *hint = self->config.dump.path_hint ? self->config.dump.path_hint : "";
    (void)snprintf(out, size, "%s%s", *hint == '/' ? "" : "/app/", hint);
    char *slash = strrchr(out, '/');
    if (slash && slash != out) {
        *slash = 0;
    }
}

static void
s_check_efs(const ecs_t *self, const json_t *efs)
{
    const json_t *authorization = json_object_get(efs, "authorizationConfig");
    const char *root = s_text(efs, "rootDirectory");
    s_problem(
        self, !*s_text(authorization, "accessPointId"),
        "the EFS volume has no access point: its root belongs to root, and memgate, which runs "
        "as 10001, could not write; set authorizationConfig.accessPointId.");
    s_problem(self, strcmp(s_text(efs, "transitEncryption"), "ENABLED") != 0,
              "transitEncryption of the EFS volume is not ENABLED: access points and IAM need it.");
    s_problem(
        self, *root && strcmp(root, "/") != 0,
        "rootDirectory of the EFS volume must be left out or \"/\": the access point decides.");
}

static void
s_check_volume(const ecs_t *self, const json_t *volume)
{
    const json_t *efs = json_object_get(volume, "efsVolumeConfiguration");
    bool on_host = *s_text(json_object_get(volume, "host"), "sourcePath");
    bool at_launch = json_is_true(json_object_get(volume, "configuredAtLaunch"));
    bool shared = strcmp(s_text(json_object_get(volume, "dockerVolumeConfiguration"), "scope"),
                         "shared") == 0;
    if (efs) {
        s_check_efs(self, efs);
    }
    s_problem(self, on_host && self->fargate,
              "a Fargate task has no host folder: use an EFS volume.");
    s_problem(self, at_launch,
              "a volume that is configuredAtLaunch (EBS managed by ECS) is new and empty for each "
              "task: every start would forget everything; use EFS, or a host folder on EC2.");
    s_problem(
        self, !efs && !on_host && !at_launch && !shared,
        "the volume of the dump folder ends with its task: give it an efsVolumeConfiguration, "
        "or a host.sourcePath on EC2.");
}

static void
s_check_mount(const ecs_t *self)
{
    char folder[512];
    const json_t *mount = NULL;
    size_t i = 0;
    json_t *member = NULL;
    s_dump_folder(self, folder, sizeof folder);
    json_array_foreach(json_object_get(self->container, "mountPoints"), i, member)
    {
        const char *path = s_text(member, "containerPath");
        size_t len = strlen(path);
        len -= len > 1 && path[len - 1] == '/';
        if (len && strncmp(folder, path, len) == 0 && (!folder[len] || folder[len] == '/')) {
            mount = member;
        }
    }
    if (!mount) {
        mg_buf_append_format(self->problems,
                             "no volume is mounted at %s, the folder of MEM_DUMP_PATH: dumps would "
                             "vanish with the task; make containerPath and MEM_DUMP_PATH agree.\n",
                             folder);
        return;
    }
    s_problem(self, json_is_true(json_object_get(mount, "readOnly")),
              "the mount of the dump folder is readOnly: dumps can not be written.");
    const json_t *volume =
        s_find(json_object_get(self->task, "volumes"), "name", s_text(mount, "sourceVolume"));
    if (volume) {
        s_check_volume(self, volume);
    } else {
        mg_buf_append_format(self->problems,
                             "the volume \"%s\" of the dump folder is not in `volumes`.\n",
                             s_text(mount, "sourceVolume"));
    }
}

/* --- how it is stopped, watched and reached --- */

static void
s_check_stop(const ecs_t *self)
{
    const json_t *given = json_object_get(self->container, "stopTimeout");
    long long stop = given ? json_integer_value(given) : STOP_DEFAULT;
    if (stop <= self->config.shutdown_grace_seconds) {
        mg_buf_append_format(self->problems,
                             "stopTimeout is %lld s%s and not above MEM_SHUTDOWN_GRACE, %u s: ECS "
                             "would kill memgate in the middle of its final dump; set stopTimeout "
                             "to 120.\n",
                             stop, given ? "" : " (it is missing)",
                             self->config.shutdown_grace_seconds);
    }
    s_problem(self, self->fargate && stop > FARGATE_STOP_MAX,
              "stopTimeout is above 120 s, the most that Fargate allows.");
}

static void
s_check_health(const ecs_t *self)
{
    const json_t *command =
        json_object_get(json_object_get(self->container, "healthCheck"), "command");
    const char *how = json_string_value(json_array_get(command, 0));
    const char *what = json_string_value(json_array_get(command, json_array_size(command) - 1));
    if (!how) {
        s_problem(
            self, true,
            "healthCheck is missing: ECS does not look at the image's own; set its command to "
            "[\"CMD\", \"/usr/bin/memgate\", \"health\"].");
        return;
    }
    s_problem(self, strcmp(how, "CMD-SHELL") == 0,
              "healthCheck uses CMD-SHELL, but the image has no shell: [\"CMD\", "
              "\"/usr/bin/memgate\", \"health\"].");
    s_problem(
        self, strcmp(how, "CMD-SHELL") != 0 && (!what || strcmp(what, "health") != 0),
        "healthCheck must ask for liveness by `memgate health`: a task that stands by for the "
        "folder is alive, and must not be killed for not being ready.");
}

static void
s_check_reach(const ecs_t *self)
{
    const char *host = self->config.http.host ? self->config.http.host : "";
    const json_t *ports = json_object_get(self->container, "portMappings");
    bool listed = json_array_size(ports) == 0;
    size_t i = 0;
    json_t *member = NULL;
    json_array_foreach(ports, i, member)
    {
        listed |=
            json_integer_value(json_object_get(member, "containerPort")) == self->config.http.port;
    }
    s_problem(self, !listed,
              "no containerPort of `portMappings` is PORT: nobody could reach the gateway.");
    s_problem(self, strncmp(host, "127.", 4) == 0 || strcmp(host, "localhost") == 0,
              "HOST is loopback: nobody outside of the container could reach the gateway; leave it "
              "out.");
}

static void
s_check_process(const ecs_t *self)
{
    const char *user = s_text(self->container, "user");
    const json_t *mounts = json_object_get(self->container, "mountPoints");
    const json_t *linux_parameters = json_object_get(self->container, "linuxParameters");
    bool has_run = s_find(mounts, "containerPath", "/run") ||
                   s_find(json_object_get(linux_parameters, "tmpfs"), "containerPath", "/run");
    s_problem(self,
              strcmp(user, "root") == 0 || strcmp(user, "0") == 0 || strncmp(user, "0:", 2) == 0,
              "user is root: leave it out, the image runs as 10001:10001.");
    s_problem(
        self,
        json_is_true(json_object_get(self->container, "readonlyRootFilesystem")) && !has_run &&
            !self->config.control,
        "readonlyRootFilesystem leaves the control socket no place: mount a tmpfs at /run "
        "(EC2), or leave it out (Fargate has no tmpfs; 10001 may write to /run and /tmp only).");
    s_problem(self, json_is_false(json_object_get(self->container, "essential")),
              "the container is not essential: the task would go on without memgate.");
    s_problem(self, self->fargate && strcmp(s_text(self->task, "networkMode"), "awsvpc") != 0,
              "networkMode must be awsvpc on Fargate.");
}

/* --- the definitions --- */

/* The container that runs memgate: by name, by its variables, or because there is no other. */
static const json_t *
s_find_container(const json_t *containers)
{
    const json_t *found = s_find(containers, "name", "memgate");
    size_t i = 0;
    json_t *member = NULL;
    json_array_foreach(containers, i, member)
    {
        if (!found && (s_find(json_object_get(member, "secrets"), "name", "MEM_ENCRYPTION_KEY") ||
                       s_find(json_object_get(member, "environment"), "name", "MEM_DUMP_PATH"))) {
            found = member;
        }
    }
    return found || json_array_size(containers) != 1 ? found : json_array_get(containers, 0);
}

static bool
s_is_fargate(const json_t *task)
{
    size_t i = 0;
    json_t *member = NULL;
    json_array_foreach(json_object_get(task, "requiresCompatibilities"), i, member)
    {
        if (json_is_string(member) && strcmp(json_string_value(member), "FARGATE") == 0) {
            return true;
        }
    }
    return false;
}

static void
s_check_task(ecs_t *self)
{
    self->container = s_find_container(json_object_get(self->task, "containerDefinitions"));
    if (!self->container) {
        s_problem(self, true,
                  "no container of `containerDefinitions` is memgate's: name it \"memgate\".");
        return;
    }
    self->fargate = s_is_fargate(self->task);
    s_read_variables(self);
    s_check_secrets(self);
    s_check_mount(self);
    s_check_stop(self);
    s_check_health(self);
    s_check_reach(self);
    s_check_process(self);
    mg_config_destroy(&self->config);
}

static void
s_check_service(const ecs_t *self, const json_t *service)
{
    const json_t *deployment = json_object_get(service, "deploymentConfiguration");
    const json_t *least = json_object_get(deployment, "minimumHealthyPercent");
    const json_t *most = json_object_get(deployment, "maximumPercent");
    const json_t *wanted = json_object_get(service, "desiredCount");
    s_problem(
        self, wanted && json_integer_value(wanted) > 1,
        "desiredCount is above 1: one memgate holds the folder, the others would only stand by.");
    s_problem(
        self, !least || json_integer_value(least) != 0 || json_integer_value(most) != 100,
        "deploymentConfiguration must be minimumHealthyPercent 0 and maximumPercent 100: a new "
        "task waits for the folder of the old one, which ECS would stop only once the new one "
        "is healthy.");
    s_problem(self, strcmp(s_text(service, "schedulingStrategy"), "DAEMON") == 0,
              "schedulingStrategy DAEMON starts a memgate on every instance; use REPLICA.");
}

void
mg_ecs_check(const json_t *definition, mg_buf_t *problems, mg_buf_t *warnings)
{
    const json_t *inner = json_object_get(definition, "taskDefinition");
    ecs_t self = {.task = json_is_object(inner) ? inner : definition,
                  .problems = problems,
                  .warnings = warnings};
    bool is_service = json_object_get(definition, "serviceName") ||
                      json_object_get(definition, "deploymentConfiguration");
    if (json_object_get(self.task, "containerDefinitions")) {
        s_check_task(&self);
    } else if (is_service) {
        s_check_service(&self, definition);
    } else {
        s_problem(&self, true,
                  "this is neither a task definition (containerDefinitions) nor a service "
                  "definition (deploymentConfiguration).");
    }
}
