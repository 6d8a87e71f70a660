package example;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.amazonaws.services.lambda.runtime.RequestStreamHandler;
import com.amazonaws.services.lambda.runtime.logging.LogLevel;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** One method for each thing that a function may do; `package.Class::method` says which. */
public class Handlers {
    public static class Order {
        private String name;
        private int count;
        private List<String> tags;
        private Order inner;

        public String getName() { return name; }
        public void setName(String name) { this.name = name; }
        public int getCount() { return count; }
        public void setCount(int count) { this.count = count; }
        public List<String> getTags() { return tags; }
        public void setTags(List<String> tags) { this.tags = tags; }
        public Order getInner() { return inner; }
        public void setInner(Order inner) { this.inner = inner; }
    }

    public static class Receipt {
        public String text;
        public double total;
        public boolean paid;
        public Map<String, Object> extra = new LinkedHashMap<>();
    }

    /** `package.Class` alone. */
    public static class Typed implements RequestHandler<Order, Receipt> {
        @Override
        public Receipt handleRequest(Order order, Context context) {
            return receipt(order);
        }
    }

    public static class Stream implements RequestStreamHandler {
        @Override
        public void handleRequest(InputStream in, OutputStream out, Context context) throws IOException {
            out.write("{\"streamed\":".getBytes(StandardCharsets.UTF_8));
            out.write(in.readAllBytes());
            out.write('}');
        }
    }

    public static class BadStart implements RequestHandler<Object, Object> {
        public BadStart() {
            throw new IllegalStateException("it can't begin");
        }

        @Override
        public Object handleRequest(Object event, Context context) {
            return null;
        }
    }

    public static class ExitsAtOnce implements RequestHandler<Object, Object> {
        static {
            System.exit(7);
        }

        @Override
        public Object handleRequest(Object event, Context context) {
            return null;
        }
    }

    private static int calls;

    private static Receipt receipt(Order order) {
        Receipt receipt = new Receipt();
        receipt.text = order.getName() + " é ☃";
        receipt.total = order.getCount() * 1.5;
        receipt.paid = order.getTags() != null;
        receipt.extra.put("inner", order.getInner() == null ? null : order.getInner().getName());
        return receipt;
    }

    public Receipt pojo(Order order) { return receipt(order); }

    public Map<String, Object> map(Map<String, Object> event) { return event; }

    public List<Integer> list(List<Integer> numbers, Context context) {
        List<Integer> doubled = new ArrayList<>();
        for (Integer number : numbers) {
            doubled.add(number * 2);
        }
        return doubled;
    }

    public String string(String text, Context context) { return text + "!"; }

    public int integer(int number) { return number + 1; }

    public boolean bool(boolean value) { return !value; }

    public Object any(Object event) { return event; }

    public void nothing(Object event) { }

    public void streams(InputStream in, OutputStream out, Context context) throws IOException {
        out.write(in.readAllBytes());
    }

    public int counts(Object event) { return ++calls; }

    public Map<String, Object> context(Object event, Context context) {
        Map<String, Object> seen = new LinkedHashMap<>();
        seen.put("id", context.getAwsRequestId());
        seen.put("group", context.getLogGroupName());
        seen.put("stream", context.getLogStreamName());
        seen.put("name", context.getFunctionName());
        seen.put("version", context.getFunctionVersion());
        seen.put("arn", context.getInvokedFunctionArn());
        seen.put("memory", context.getMemoryLimitInMB());
        seen.put("remains", context.getRemainingTimeInMillis() > 1000);
        seen.put("identity", context.getIdentity());
        seen.put("custom", context.getClientContext() == null ? null : context.getClientContext().getCustom());
        seen.put("app", context.getClientContext() == null ? null : context.getClientContext().getClient().getAppTitle());
        return seen;
    }

    public void logs(Object event, Context context) {
        System.out.println("on the output");
        System.err.println("on the error output: é ☃");
        context.getLogger().log("two\nlines\n");
        context.getLogger().log("with a level", LogLevel.ERROR);
    }

    public Object raises(Object event) { throw new IllegalArgumentException("some error occurred"); }

    public Object raisesCause(Object event) throws Exception {
        try {
            raises(event);
        } catch (IllegalArgumentException cause) {
            throw new IOException("outer", cause);
        }
        return null;
    }

    public Object raisesNothing(Object event) { throw new NullPointerException(); }

    public int overflows(int depth) { return overflows(depth + 1) + 1; }

    public int fillsTheHeap(Object event) {
        List<byte[]> kept = new ArrayList<>();
        while (true) {
            kept.add(new byte[8 << 20]);
        }
    }

    public Object exits(Map<String, Integer> event) {
        System.out.println("last words");
        System.exit(event.get("code"));
        return null;
    }

    public Object halts(Object event) {
        Runtime.getRuntime().halt(4);
        return null;
    }

    public String threads(Object event) throws InterruptedException {
        Thread failing = new Thread(() -> { throw new IllegalStateException("in a thread"); }, "worker");
        failing.start();
        failing.join();
        return "joined";
    }

    public String large(int size) { return "x".repeat(size); }

    public Object sleeps(Object event) throws InterruptedException {
        Thread.sleep(60_000);
        return null;
    }

    public Map<String, Object> machine(Object event) {
        Map<String, Object> seen = new LinkedHashMap<>();
        seen.put("version", Runtime.version().feature());
        seen.put("heap", Runtime.getRuntime().maxMemory() >> 20);
        seen.put("property", System.getProperty("told"));
        seen.put("environment", System.getenv("AWS_EXECUTION_ENV"));
        seen.put("directory", System.getProperty("user.dir"));
        seen.put("library", fromLibrary());
        return seen;
    }

    /** A class of a jar in lib/, if the function has it. */
    private static String fromLibrary() {
        try {
            return (String) Class.forName("library.Helper").getMethod("help").invoke(null);
        } catch (ReflectiveOperationException absent) {
            return null;
        }
    }
}
