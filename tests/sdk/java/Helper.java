package library;

public class Helper {
    public static String help() {
        return "from a jar";
    }
}
