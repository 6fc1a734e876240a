/* Metrics: histograms against sorted samples, the registry, the series, queries. */
#include <math.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>

#include "framework/base/mem.h"
#include "framework/base/str.h"
#include "framework/host/histogram.h"
#include "framework/host/http_service.h"
#include "framework/host/metrics.h"
#include "framework/host/observe.h"
#include "framework/host/query.h"
#include "framework/host/random.h"
#include "framework/host/state.h"
#include "host_fixture.h"

/* ---- histograms ---- */

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

enum {
    SAMPLES = 20000
};

/* The truth by nearest rank. */
static double quantile_of(const double *sorted, size_t count, double q)
{
    size_t rank = (size_t)fmax(ceil(q * (double)count - 1e-9), 1);

    return sorted[rank - 1];
}

static void compare_with_sorted(
    struct random_stream *random, double (*draw)(struct random_stream *))
{
    static const double qs[] = {0, 0.001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999, 1};
    static double samples[SAMPLES];
    auto_histogram struct histogram histogram;

    histogram_init(&histogram);
    for (size_t i = 0; i < SAMPLES; i++) {
        samples[i] = draw(random);
        assert_int_equal(histogram_add(&histogram, samples[i]), ASSAY_OK);
    }
    qsort(samples, SAMPLES, sizeof(*samples), by_value);
    for (size_t i = 0; i < sizeof(qs) / sizeof(qs[0]); i++) {
        const double truth = quantile_of(samples, SAMPLES, qs[i]);
        double seen = -1;

        assert_int_equal(histogram_quantile(&histogram, qs[i], &seen), ASSAY_OK);
        if (fabs(seen - truth) > 0.01 * truth)
            fail_msg("q %g: %g instead of %g", qs[i], seen, truth);
    }
    assert_true(histogram.min == samples[0]);
    assert_true(histogram.max == samples[SAMPLES - 1]);
    assert_int_equal(histogram.count, SAMPLES);
}

static double unit(struct random_stream *random)
{
    return (double)(random_next(random) >> 11) / 9007199254740992.0;
}

static double uniformly(struct random_stream *random)
{
    return unit(random) * 1000;
}

static double over_many_magnitudes(struct random_stream *random)
{
    return exp((unit(random) - 0.5) * 50); /* 1e-11 to 7e10 */
}

static double like_latencies(struct random_stream *random)
{
    return 0.0005 - 0.002 * log(1 - unit(random)) + (random_below(random, 100) ? 0 : 1);
}

static double often_nothing(struct random_stream *random)
{
    return random_below(random, 3) ? 0 : unit(random);
}

static void quantiles_are_within_one_percent_of_the_truth(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 4; seed++) {
        struct random_stream random;

        random_root(&random,
            &(struct random_origin){.seed = seed, .instance = "test", .operation = "histogram"});
        compare_with_sorted(&random, uniformly);
        compare_with_sorted(&random, over_many_magnitudes);
        compare_with_sorted(&random, like_latencies);
        compare_with_sorted(&random, often_nothing);
    }
}

static void the_edges_of_parts_go_to_the_right_one(void **state)
{
    (void)state;
    for (int exponent = -39; exponent < 40; exponent++) {
        for (int part = 0; part < HISTOGRAM_PARTS; part++) {
            auto_histogram struct histogram histogram;
            const double value = ldexp(1 + part / (double)HISTOGRAM_PARTS, exponent);
            double seen = 0;

            histogram_init(&histogram);
            assert_int_equal(histogram_add(&histogram, value / 2), ASSAY_OK);
            assert_int_equal(histogram_add(&histogram, value), ASSAY_OK);
            assert_int_equal(histogram_add(&histogram, value * 1.5), ASSAY_OK);
            assert_int_equal(histogram_quantile(&histogram, 0.5, &seen), ASSAY_OK);
            assert_true(fabs(seen - value) <= 0.01 * value);
        }
    }
}

static void samples_out_of_range_keep_min_and_max_exact(void **state)
{
    auto_histogram struct histogram histogram;
    double seen = 0;

    (void)state;
    histogram_init(&histogram);
    assert_int_equal(histogram_quantile(&histogram, 0.5, &seen), ASSAY_E_NOTFOUND);
    assert_int_equal(histogram_add(&histogram, 1e-300), ASSAY_OK);
    assert_int_equal(histogram_add(&histogram, 1e300), ASSAY_OK);
    assert_int_equal(histogram_add(&histogram, -1), ASSAY_E_INVALID);
    assert_int_equal(histogram_add(&histogram, NAN), ASSAY_E_INVALID);
    assert_int_equal(histogram_add(&histogram, INFINITY), ASSAY_E_INVALID);
    assert_int_equal(histogram_quantile(&histogram, 0, &seen), ASSAY_OK);
    assert_true(seen == 1e-300);
    assert_int_equal(histogram_quantile(&histogram, 1, &seen), ASSAY_OK);
    assert_true(seen == 1e300);
    assert_int_equal(histogram_quantile(&histogram, 1.01, &seen), ASSAY_E_INVALID);
    assert_int_equal(histogram_quantile(&histogram, NAN, &seen), ASSAY_E_INVALID);
    assert_int_equal(histogram.count, 2);
}

static void a_histogram_without_memory_says_so(void **state)
{
    auto_histogram struct histogram histogram;

    (void)state;
    histogram_init(&histogram);
    mem_fail_at(1, MEM_FAIL_ONCE);
    assert_int_equal(histogram_add(&histogram, 1), ASSAY_E_NOMEM);
    mem_fail_at(0, MEM_FAIL_ONCE);
    assert_int_equal(histogram.count, 0);
}

/* ---- the registry ---- */

struct scene {
    struct fixture *fixture;
    struct host_instance *instance;
    const assay_host *table;
    const assay_metrics *metrics;
};

static int setup(void **state)
{
    struct scene *scene = calloc(1, sizeof(*scene));

    scene->fixture = fixture_new(2);
    scene->instance = fixture_instance(scene->fixture, "workload.a", ASSAY_WORKLOAD);
    scene->table = host_instance_table(scene->instance);
    scene->metrics = fixture_service(scene->instance, ASSAY_METRICS);
    *state = scene;
    return 0;
}

static int teardown(void **state)
{
    struct scene *scene = *state;

    fixture_free(scene->fixture);
    free(scene);
    return 0;
}

static void metrics_add_set_and_sample(void **state)
{
    const struct scene *scene = *state;
    const assay_metrics *metrics = scene->metrics;
    const uint32_t sent = metrics->define(scene->table, "sent", ASSAY_COUNTER, "transactions");
    const uint32_t depth = metrics->define(scene->table, "depth", ASSAY_GAUGE, "");
    const uint32_t latency = metrics->define(scene->table, "latency", ASSAY_HISTOGRAM, "seconds");
    struct host_metric metric;
    double value = 0;

    metrics->record(scene->table, sent, 2);
    metrics->record(scene->table, sent, 3);
    metrics->record(scene->table, depth, 2);
    metrics->record(scene->table, depth, -3);
    for (int i = 1; i <= 100; i++)
        metrics->record(scene->table, latency, i);
    assert_int_equal(metrics->value(scene->table, sent, 0, &value), ASSAY_OK);
    assert_true(value == 5);
    assert_int_equal(metrics->value(scene->table, depth, 0, &value), ASSAY_OK);
    assert_true(value == -3);
    assert_int_equal(metrics->value(scene->table, latency, 0.5, &value), ASSAY_OK);
    assert_true(fabs(value - 50) <= 0.5);
    assert_int_equal(metrics->value(scene->table, latency, 2, &value), ASSAY_E_INVALID);

    assert_true(host_metric_at(scene->fixture->host, 0, &metric));
    assert_string_equal(metric.instance, "workload.a");
    assert_string_equal(metric.name, "sent");
    assert_string_equal(metric.unit, "transactions");
    assert_true(metric.value == 5);
    assert_true(host_metric_at(scene->fixture->host, 2, &metric));
    assert_int_equal(metric.samples, 100);
    assert_true(
        metric.value == 5050 && metric.mean == 50.5 && metric.min == 1 && metric.max == 100);
    assert_true(fabs(metric.p99 - 99) <= 1);
    assert_false(host_metric_at(scene->fixture->host, 3, &metric));
}

static void a_name_means_one_metric_per_instance(void **state)
{
    const struct scene *scene = *state;
    const assay_metrics *metrics = scene->metrics;
    const struct host_instance *other =
        fixture_instance(scene->fixture, "workload.b", ASSAY_WORKLOAD);
    const uint32_t first = metrics->define(scene->table, "sent", ASSAY_COUNTER, "");

    assert_int_equal(metrics->define(scene->table, "sent", ASSAY_COUNTER, ""), first);
    assert_int_equal(metrics->define(scene->table, "sent", ASSAY_GAUGE, ""), ASSAY_NO_METRIC);
    assert_int_not_equal(
        metrics->define(host_instance_table(other), "sent", ASSAY_COUNTER, ""), first);
}

static void what_is_no_name_unit_or_kind_is_refused(void **state)
{
    const struct scene *scene = *state;
    const assay_metrics *metrics = scene->metrics;
    char long_name[METRIC_NAME_SIZE + 1];

    memset(long_name, 'a', METRIC_NAME_SIZE);
    long_name[METRIC_NAME_SIZE] = '\0';
    assert_int_equal(metrics->define(scene->table, "Sent", ASSAY_COUNTER, ""), ASSAY_NO_METRIC);
    assert_int_equal(metrics->define(scene->table, "", ASSAY_COUNTER, ""), ASSAY_NO_METRIC);
    assert_int_equal(metrics->define(scene->table, NULL, ASSAY_COUNTER, ""), ASSAY_NO_METRIC);
    assert_int_equal(metrics->define(scene->table, long_name, ASSAY_COUNTER, ""), ASSAY_NO_METRIC);
    assert_int_equal(
        metrics->define(scene->table, "sent", ASSAY_COUNTER, "per second"), ASSAY_NO_METRIC);
    assert_int_equal(metrics->define(scene->table, "sent", 0, ""), ASSAY_NO_METRIC);
    assert_int_equal(metrics->define(scene->table, "sent", 4, ""), ASSAY_NO_METRIC);
    assert_int_not_equal(
        metrics->define(scene->table, "sent", ASSAY_COUNTER, NULL), ASSAY_NO_METRIC);
    for (uint64_t n = 1; n <= 3; n++) {
        mem_fail_at(n, MEM_FAIL_ONCE);
        assert_int_equal(
            metrics->define(scene->table, "other", ASSAY_HISTOGRAM, ""), ASSAY_NO_METRIC);
    }
    mem_fail_at(0, MEM_FAIL_ONCE);
}

static void a_bad_value_is_a_violation_once(void **state)
{
    const struct scene *scene = *state;
    const uint32_t sent = scene->metrics->define(scene->table, "sent", ASSAY_COUNTER, "");
    struct host_note note;
    double value = 1;

    scene->metrics->record(scene->table, sent, -1);
    scene->metrics->record(scene->table, sent, NAN);
    scene->metrics->record(scene->table, ASSAY_NO_METRIC, 1); /* refused before: ignored */
    assert_true(has_violation(scene->fixture->host, "metrics.record"));
    assert_false(host_violation_at(scene->fixture->host, 1, &note));
    assert_int_equal(scene->metrics->value(scene->table, sent, 0, &value), ASSAY_OK);
    assert_true(value == 0);
    assert_int_equal(
        scene->metrics->value(scene->table, ASSAY_NO_METRIC, 0, &value), ASSAY_E_NOTFOUND);
}

/* ---- the series ---- */

static void the_series_has_a_line_per_metric(void **state)
{
    const struct scene *scene = *state;
    const uint32_t sent = scene->metrics->define(scene->table, "sent", ASSAY_COUNTER, "");
    const uint32_t latency = scene->metrics->define(scene->table, "latency", ASSAY_HISTOGRAM, "");
    struct file_text text = {0};
    char path[200];

    host_of(scene->table)->observation->nodes[1].status.observed_at = 5;
    host_of(scene->table)->observation->nodes[1].status.height = 17;
    scene->metrics->record(scene->table, sent, 3);
    scene->metrics->record(scene->table, latency, 0.5);
    assert_int_equal(host_series_write(scene->fixture->host, NULL), ASSAY_OK);
    assert_int_equal(host_series_write(scene->fixture->host, NULL), ASSAY_OK);

    (void)snprintf(path, sizeof(path), "%s/series.csv", scene->fixture->run_dir);
    assert_int_equal(file_read(path, 10000, &text, NULL), ASSAY_OK);
    assert_ptr_equal(strstr(text.data, "seconds,instance,metric,kind,value,p50,p99\n"), text.data);
    assert_non_null(strstr(text.data, ",workload.a,sent,counter,3,,\n"));
    assert_non_null(strstr(text.data, ",workload.a,latency,histogram,1,0.5,0.5\n"));
    assert_non_null(strstr(text.data, ",workload.a,latency,histogram,0,,\n")); /* nothing new */
    assert_non_null(strstr(text.data, ",validator-1,height,gauge,17,,\n"));
    assert_null(strstr(text.data, "validator-0"));
    free(text.data);
}

static void a_series_that_cannot_be_written_is_an_error(void **state)
{
    const struct scene *scene = *state;
    struct error err = {0};
    char path[200];

    (void)snprintf(path, sizeof(path), "%s/series.csv", scene->fixture->run_dir);
    assert_int_equal(dir_make(path, 0755, NULL), ASSAY_OK);
    assert_int_not_equal(host_series_write(scene->fixture->host, &err), ASSAY_OK);
    assert_non_null(strstr(err.text, "series.csv"));
}

/* ---- queries ---- */

static assay_status call_query(assay_task *task, void *arg)
{
    const struct scene *scene = arg;
    double value = 0;

    return scene->metrics->query(task, "up", &value);
}

static void without_a_store_there_is_nothing_to_ask(void **state)
{
    struct scene *scene = *state;

    assert_int_equal(run_body(scene->instance, call_query, scene).status, ASSAY_E_UNSUPPORTED);
    assert_int_equal(metrics_set_url(scene->table, "ftp://x"), ASSAY_E_INVALID);
    assert_int_equal(metrics_set_url(scene->table, NULL), ASSAY_E_INVALID);
    assert_int_equal(metrics_set_url(scene->table, "http://127.0.0.1:9090"), ASSAY_OK);
    assert_int_equal(metrics_set_url(scene->table, "http://127.0.0.1:9091"), ASSAY_OK);
    /* There is a store, but this run has no HTTP. */
    assert_non_null(strstr(run_body(scene->instance, call_query, scene).why, "127.0.0.1:9091"));
}

/* A store that answers one request, whatever it is, with one number. */
static void *answer_once(void *arg)
{
    static const char answer[] = "{\"status\":\"success\",\"data\":{\"resultType\":\"scalar\","
                                 "\"result\":[1,\"12.5\"]}}";
    char request[2000], reply[300];
    auto_fd int fd = accept4(*(int *)arg, NULL, NULL, SOCK_CLOEXEC);
    const ssize_t n = read(fd, request, sizeof(request) - 1);

    if (n <= 0)
        return NULL;
    request[n] = '\0';
    if (strstr(request, "GET /api/v1/query?query=up&lookback_delta=1500ms HTTP/1.1\r\n") != request)
        return NULL;
    (void)snprintf(reply, sizeof(reply),
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
        sizeof(answer) - 1, answer);
    return write(fd, reply, strlen(reply)) > 0 ? arg : NULL;
}

struct asking {
    const assay_metrics *metrics;
    double value;
};

static assay_status ask_up(assay_task *task, void *arg)
{
    struct asking *asking = arg;

    if (asking->metrics->query_fresh(task, "up", 0, &asking->value) != ASSAY_E_INVALID)
        return ASSAY_E_IO;
    return asking->metrics->query_fresh(task, "up", 1500 * ASSAY_MS, &asking->value);
}

static void a_store_is_asked_over_http(void **state)
{
    const struct http_service_config http = {.resolve = NULL};
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t address_size = sizeof(address);
    auto_fd int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    auto_http_service struct http_service *service = NULL;
    struct fixture *fixture = fixture_prepare(1);
    struct host_instance *instance = NULL;
    struct asking asking = {.value = 0};
    pthread_t thread;
    void *served = NULL;
    char url[64];

    (void)state;
    assert_int_equal(bind(server, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(server, 1), 0);
    assert_int_equal(getsockname(server, (struct sockaddr *)&address, &address_size), 0);
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%u", ntohs(address.sin_port));
    assert_int_equal(http_service_new(&http, &service, NULL), ASSAY_OK);
    fixture->config.http = &http_table;
    fixture->config.http_state = service;
    fixture_start(fixture);
    instance = fixture_instance(fixture, "expectation.e", ASSAY_EXPECTATION);
    asking.metrics = fixture_service(instance, ASSAY_METRICS);
    assert_int_equal(metrics_set_url(host_instance_table(instance), url), ASSAY_OK);

    assert_int_equal(pthread_create(&thread, NULL, answer_once, &server), 0);
    assert_int_equal(run_body(instance, ask_up, &asking).status, ASSAY_OK);
    assert_true(asking.value == 12.5);
    assert_int_equal(pthread_join(thread, &served), 0);
    assert_non_null(served);
    fixture_free(fixture);
}

static void a_query_is_escaped(void **state)
{
    auto_str struct str url;

    (void)state;
    str_init(&url, QUERY_URL_MAX);
    assert_int_equal(query_url("http://h:1//", "sum(a{job=~\"v.*\"}) > 1", 0, &url), ASSAY_OK);
    assert_string_equal(str_text(&url),
        "http://h:1/api/v1/query?query=sum%28a%7Bjob%3D~%22v.%2A%22%7D%29%20%3E%201");
}

static assay_status read_answer(const char *text, double *out, struct error *err)
{
    return query_read((assay_bytes){text, strlen(text)}, out, err);
}

static void a_scalar_or_a_vector_of_one_is_read(void **state)
{
    double value = 0;

    (void)state;
    assert_int_equal(read_answer("{\"status\":\"success\",\"data\":{\"resultType\":\"scalar\","
                                 "\"result\":[1.5,\"42.5\"]}}",
                         &value, NULL),
        ASSAY_OK);
    assert_true(value == 42.5);
    assert_int_equal(read_answer("{\"status\":\"success\",\"data\":{\"resultType\":\"vector\","
                                 "\"result\":[{\"metric\":{},\"value\":[1,\"7\"]}]}}",
                         &value, NULL),
        ASSAY_OK);
    assert_true(value == 7);
}

static void other_answers_are_explained(void **state)
{
    static const struct {
        const char *text;
        assay_status status;
        const char *why;
    } cases[] = {
        {"oops", ASSAY_E_INVALID, "not JSON"},
        {"{}", ASSAY_E_INVALID, "does not say why"},
        {"{\"status\":\"error\",\"error\":\"parse error\"}", ASSAY_E_INVALID, "parse error"},
        {"{\"status\":\"success\"}", ASSAY_E_INVALID, "one number"},
        {"{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[]}}",
            ASSAY_E_NOTFOUND, "yields nothing"},
        {"{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[{},{}]}}",
            ASSAY_E_INVALID, "sum() it"},
        {"{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":[]}}",
            ASSAY_E_INVALID, "one number"},
        {"{\"status\":\"success\",\"data\":{\"resultType\":\"scalar\",\"result\":[1,\"NaN\"]}}",
            ASSAY_E_INVALID, "\"NaN\""},
        {"{\"status\":\"success\",\"data\":{\"resultType\":\"scalar\",\"result\":[1]}}",
            ASSAY_E_INVALID, "no finite number"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error err = {0};
        double value = 0;

        assert_int_equal(read_answer(cases[i].text, &value, &err), cases[i].status);
        if (!strstr(err.text, cases[i].why))
            fail_msg("%s: %s", cases[i].text, err.text);
    }
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quantiles_are_within_one_percent_of_the_truth),
        cmocka_unit_test(the_edges_of_parts_go_to_the_right_one),
        cmocka_unit_test(samples_out_of_range_keep_min_and_max_exact),
        cmocka_unit_test(a_histogram_without_memory_says_so),
        TEST(metrics_add_set_and_sample),
        TEST(a_name_means_one_metric_per_instance),
        TEST(what_is_no_name_unit_or_kind_is_refused),
        TEST(a_bad_value_is_a_violation_once),
        TEST(the_series_has_a_line_per_metric),
        TEST(a_series_that_cannot_be_written_is_an_error),
        TEST(without_a_store_there_is_nothing_to_ask),
        cmocka_unit_test(a_store_is_asked_over_http),
        cmocka_unit_test(a_query_is_escaped),
        cmocka_unit_test(a_scalar_or_a_vector_of_one_is_read),
        cmocka_unit_test(other_answers_are_explained),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
